//! The rules of the house, held by a test: who may know whom, what stays out of the pure crates, where things stand.

mod graph;
mod manifests;
mod pitfalls;
mod purity;
mod rules;
mod texts;
