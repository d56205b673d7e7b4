//! The few options of the developer commands.

use crate::{Failure, Result};
use std::str::FromStr;

/// Arguments that are still to be understood.
#[derive(Debug)]
pub struct Args(Vec<String>);

impl Args {
    /// Takes the arguments after the command's name.
    pub fn new(args: impl IntoIterator<Item = String>) -> Self {
        Self(args.into_iter().collect())
    }

    /// Takes `--name` if it is there.
    pub fn flag(&mut self, name: &str) -> bool {
        let position = self.0.iter().position(|arg| arg == name);
        position.map(|at| self.0.remove(at)).is_some()
    }

    /// Takes `--name VALUE` or `--name=VALUE` if it is there.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the value is missing or malformed.
    pub fn value<T: FromStr>(&mut self, name: &str) -> Result<Option<T>> {
        let prefix = format!("{name}=");
        let Some(at) = self
            .0
            .iter()
            .position(|arg| arg == name || arg.starts_with(&prefix))
        else {
            return Ok(None);
        };
        let arg = self.0.remove(at);
        let text = match arg.strip_prefix(&prefix) {
            Some(text) => text.to_owned(),
            None if at < self.0.len() => self.0.remove(at),
            None => return Err(Failure::Usage(format!("{name} needs a value"))),
        };
        let value = text
            .parse()
            .map_err(|_| Failure::Usage(format!("{name}: cannot read {text:?}")))?;
        Ok(Some(value))
    }

    /// Takes the next positional argument.
    pub fn positional(&mut self) -> Option<String> {
        let at = self.0.iter().position(|arg| !arg.starts_with('-'))?;
        Some(self.0.remove(at))
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// [`Failure::Usage`] naming the first argument that nobody understood.
    pub fn finish(self) -> Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some(arg) => Err(Failure::Usage(format!("unexpected argument {arg:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Args {
        Args::new(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn reads_values_in_both_spellings() {
        assert_eq!(args("--members 8").value::<u32>("--members").unwrap(), Some(8));
        assert_eq!(args("--members=8").value::<u32>("--members").unwrap(), Some(8));
        assert_eq!(args("").value::<u32>("--members").unwrap(), None);
    }

    #[test]
    fn refuses_a_missing_or_malformed_value() {
        assert!(args("--members").value::<u32>("--members").is_err());
        assert!(args("--members many").value::<u32>("--members").is_err());
    }

    #[test]
    fn refuses_what_nobody_understood() {
        let mut rest = args("--headless --fast");
        assert!(rest.flag("--headless"));
        assert!(rest.finish().is_err());
    }
}
