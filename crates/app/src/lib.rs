//! The edge between the member's machine and a front end: opens a vault, owns a client on its own thread, runs
//! transport and duties.

pub mod dto;
