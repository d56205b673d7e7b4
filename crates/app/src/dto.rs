//! Requests, answers and events as JSON: the client's own plain values, under the name that front ends know them by.

pub use client::requests::*;
pub use client::views;
