//! Conversations as a whole: several desks, simulated logs, a store each that can be told to crash.

mod breach;
mod crash;
mod directory;
mod figures;
mod group;
mod joining;
mod linking;
mod order;
mod parts;
mod points;
mod readd;
mod roster;
pub(crate) mod support;
mod terms;
