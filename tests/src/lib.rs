//! Tests that no single crate can make: the rules of the house, and real processes end to end.
//!
//! This package depends on everything that tests switch on, as ordinary dependencies, so that programs and tests are
//! built with the same features and nothing is compiled twice.

pub mod checkout;
pub mod rule_ids;
pub mod vectors;
