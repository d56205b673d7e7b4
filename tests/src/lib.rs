//! What several end-to-end tests share.
