//! What is taken out of answers.

use crate::{Failure, Result};
use serde_json::Value;

/// A number that an answer must have.
///
/// # Errors
/// [`Failure::Failed`] if it is not there.
pub fn number(value: &Value, field: &str) -> Result<u64> {
    let number = value.get(field).and_then(Value::as_u64);
    number.ok_or_else(|| Failure::failed(format!("an answer without the number {field}: {value}")))
}

/// A text that an answer must have.
///
/// # Errors
/// [`Failure::Failed`] if it is not there.
pub fn text_of(value: &Value, field: &str) -> Result<String> {
    let text = value.get(field).and_then(Value::as_str).map(str::to_owned);
    text.ok_or_else(|| Failure::failed(format!("an answer without the text {field}: {value}")))
}

/// A list that an answer may have.
#[must_use]
pub fn list<'a>(answer: &'a Value, field: &str) -> &'a [Value] {
    answer
        .get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}
