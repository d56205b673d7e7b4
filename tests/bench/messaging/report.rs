//! What is handed back: figures, in the order in which they were taken.

use crate::clock::median;
use serde_json::{Value, json};

/// A list of figures about a number of members.
pub(crate) struct Figures {
    members: usize,
    list: Vec<Value>,
}

impl Figures {
    pub(crate) const fn of(members: usize) -> Self {
        Self {
            members,
            list: Vec::new(),
        }
    }

    /// A figure, and bare OpenMLS's if it has the like.
    pub(crate) fn say(&mut self, name: &str, value: f64, unit: &str, openmls_value: Option<f64>) {
        self.list.push(json!({
            "name": name,
            "members": self.members,
            "value": value,
            "unit": unit,
            "openmls_value": openmls_value,
        }));
    }

    /// The median of what repeats brought; nothing if there were none.
    pub(crate) fn say_median(&mut self, name: &str, values: Vec<f64>, unit: &str, openmls: Vec<f64>) {
        if !values.is_empty() {
            let openmls = (!openmls.is_empty()).then(|| median(openmls));
            self.say(name, median(values), unit, openmls);
        }
    }

    pub(crate) fn into_json(self) -> Value {
        Value::Array(self.list)
    }
}
