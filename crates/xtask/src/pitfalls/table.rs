//! The table of pitfalls, read: which test covers which mistake, and which mutant it notices.

use crate::{Failure, Result};

/// Where the table stands in a checkout.
pub const PATH: &str = "tests/pitfalls/table.md";

/// A mistake that real systems made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pitfall {
    /// Its number.
    pub number: u32,
    /// What it is.
    pub title: String,
    /// The tests that cover it.
    pub rows: Vec<Row>,
    /// What no test or no mutant covers, and why.
    pub missing: Option<String>,
}

/// A test and, if there is one, the mutant that it notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The test.
    pub test: Test,
    /// Code that is broken so that the test fails.
    pub mutant: Option<Mutant>,
}

/// A test by its name and its file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Test {
    /// The function.
    pub name: String,
    /// Path below the root.
    pub file: String,
}

/// One replacement in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// Path below the root.
    pub file: String,
    /// What is replaced; stands in the file exactly once.
    pub original: String,
    /// What comes instead.
    pub replacement: String,
}

/// How cargo and the test's own program call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The package.
    pub package: String,
    /// The package's folder below the root.
    pub folder: String,
    /// The file of tests; `None` if it is among those of the library.
    pub target: Option<String>,
    /// The function with its modules.
    pub path: String,
}

impl Test {
    /// Where it is run; `None` if there are no tests in such a file.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let parts: Vec<&str> = self.file.strip_suffix(".rs")?.split('/').collect();
        let place = |package: &str, folder: String, target: Option<&str>, path: String| Place {
            package: format!("veche-{package}"),
            folder,
            target: target.map(str::to_owned),
            path,
        };
        match parts.as_slice() {
            ["crates", name, "src", modules @ ..] => {
                let named = modules.iter().copied();
                let mut path: Vec<&str> = named.filter(|module| !matches!(*module, "mod" | "lib")).collect();
                if !path.contains(&"tests") {
                    path.push("tests");
                }
                path.push(&self.name);
                Some(place(name, format!("crates/{name}"), None, path.join("::")))
            }
            ["crates", name, "tests", target] => Some(place(
                name,
                format!("crates/{name}"),
                Some(*target),
                self.name.clone(),
            )),
            ["tests", target, module] => {
                let path = format!("{module}::{}", self.name);
                Some(place("tests", "tests".to_owned(), Some(*target), path))
            }
            _ => None,
        }
    }
}

impl Mutant {
    /// How often what it replaces stands in `text`.
    #[must_use]
    pub fn places(&self, text: &str) -> usize {
        text.matches(&self.original).count()
    }

    /// `text` with the mutant in; `None` unless what it replaces stands there exactly once.
    #[must_use]
    pub fn apply(&self, text: &str) -> Option<String> {
        (self.places(text) == 1).then(|| text.replacen(&self.original, &self.replacement, 1))
    }
}

/// Reads the table.
///
/// # Errors
/// [`Failure::Failed`] naming the first line that cannot be read.
pub fn read(text: &str) -> Result<Vec<Pitfall>> {
    let mut pitfalls = Vec::new();
    let mut lines = (1_usize..).zip(text.lines());
    while let Some((at, line)) = lines.next() {
        let wrong = |what: &str| Failure::failed(format!("{PATH}, line {at}: {what}"));
        if let Some(heading) = line.strip_prefix("## ") {
            pitfalls.push(heading_of(heading).ok_or_else(|| wrong("not a number and a title"))?);
            continue;
        }
        let Some(pitfall) = pitfalls.last_mut() else {
            continue;
        };
        if let Some(why) = line.strip_prefix("- none: ") {
            pitfall.missing = Some(why.to_owned());
        } else if let Some(item) = line.strip_prefix("- ") {
            let test = test_of(item).ok_or_else(|| wrong("not `test` in `file`"))?;
            pitfall.rows.push(Row { test, mutant: None });
        } else if line == "```diff" {
            let mutant = mutant_of(&mut lines).ok_or_else(|| wrong("not a file and a replacement"))?;
            let row = pitfall.rows.last_mut().filter(|row| row.mutant.is_none());
            row.ok_or_else(|| wrong("a mutant without a test of its own"))?
                .mutant = Some(mutant);
        }
    }
    Ok(pitfalls)
}

/// `7. Title`.
fn heading_of(heading: &str) -> Option<Pitfall> {
    let (number, title) = heading.split_once(". ")?;
    Some(Pitfall {
        number: number.parse().ok()?,
        title: title.to_owned(),
        rows: Vec::new(),
        missing: None,
    })
}

/// `` `name` in `file` ``.
fn test_of(item: &str) -> Option<Test> {
    let (name, file) = item.strip_prefix('`')?.strip_suffix('`')?.split_once("` in `")?;
    Some(Test {
        name: name.to_owned(),
        file: file.to_owned(),
    })
}

/// What stands between the fences: `--- file`, then lines that go and lines that come.
fn mutant_of<'a>(lines: &mut impl Iterator<Item = (usize, &'a str)>) -> Option<Mutant> {
    let (_, first) = lines.next()?;
    let file = first.strip_prefix("--- ")?;
    let (mut original, mut replacement) = (Vec::new(), Vec::new());
    for (_, line) in lines {
        match (line.strip_prefix('-'), line.strip_prefix('+')) {
            (Some(gone), _) => original.push(gone),
            (None, Some(new)) => replacement.push(new),
            (None, None) if line == "```" => {
                return (!original.is_empty()).then(|| Mutant {
                    file: file.to_owned(),
                    original: original.join("\n"),
                    replacement: replacement.join("\n"),
                });
            }
            (None, None) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
# Table

- none: before the first heading nothing counts

## 1. Torn state
Words.

- `first` in `crates/vault/tests/crash.rs`
- `second` in `crates/client/src/voting/choice/tests.rs`

Why:
```diff
--- crates/vault/src/step.rs
-    one();
-    two();
+    two();
```

## 2. Another
- none: nobody has thought of it.
";

    fn test(file: &str) -> Option<Place> {
        let (name, file) = ("it_works".to_owned(), file.to_owned());
        Test { name, file }.place()
    }

    fn called(file: &str) -> (String, Option<String>, String) {
        let place = test(file).unwrap();
        (place.package, place.target, place.path)
    }

    #[test]
    fn reads_tests_mutants_and_what_is_missing() {
        let pitfalls = read(TABLE).unwrap();
        let [torn, other] = pitfalls.as_slice() else {
            panic!("{pitfalls:?}")
        };
        assert_eq!((torn.number, torn.title.as_str()), (1, "Torn state"));
        assert_eq!(torn.missing, None);
        let tests: Vec<_> = torn.rows.iter().map(|row| row.test.name.as_str()).collect();
        assert_eq!(tests, ["first", "second"]);
        assert_eq!(torn.rows[0].mutant, None);
        let mutant = torn.rows[1].mutant.as_ref().unwrap();
        assert_eq!(mutant.file, "crates/vault/src/step.rs");
        assert_eq!(mutant.original, "    one();\n    two();");
        assert_eq!(mutant.replacement, "    two();");
        assert_eq!(other.missing.as_deref(), Some("nobody has thought of it."));
        assert!(other.rows.is_empty());
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let broken = [
            ("two();\n```", "two();", "line 12"),
            ("--- crates", "crates", "line 12"),
            ("## 2. Another", "## Another", "line 19"),
            ("- `first` in", "- `first`,", "line 8"),
        ];
        for (old, new, line) in broken {
            let text = TABLE.replace(old, new);
            assert_ne!(text, TABLE, "{old}");
            let failure = read(&text).unwrap_err().to_string();
            assert!(failure.contains(line), "{failure}");
        }
        let twice = TABLE.replace("## 2. Another\n", "```diff\n--- a\n-b\n```\n");
        assert!(read(&twice).is_err());
    }

    #[test]
    fn a_test_is_called_by_its_modules() {
        let name = |name: &str| name.to_owned();
        assert_eq!(
            called("crates/messaging/src/tests/order.rs"),
            (name("veche-messaging"), None, name("tests::order::it_works"))
        );
        assert_eq!(
            called("crates/primitives/src/secret.rs"),
            (name("veche-primitives"), None, name("secret::tests::it_works"))
        );
        assert_eq!(
            called("crates/client/src/voting/choice/tests.rs").2,
            "voting::choice::tests::it_works"
        );
        assert_eq!(
            called("crates/client/tests/crash.rs"),
            (name("veche-client"), Some(name("crash")), name("it_works"))
        );
        assert_eq!(
            called("tests/end_to_end/kills.rs"),
            (
                name("veche-tests"),
                Some(name("end_to_end")),
                name("kills::it_works")
            )
        );
        assert_eq!(test("ui/src/app.ts"), None);
    }

    #[test]
    fn a_mutant_fits_in_one_place_only() {
        let mutant = Mutant {
            file: String::new(),
            original: "one".into(),
            replacement: "two".into(),
        };
        assert_eq!(mutant.apply("(one)").as_deref(), Some("(two)"));
        assert_eq!(mutant.apply("one one"), None);
        assert_eq!(mutant.apply("none of it"), Some("ntwo of it".to_owned()));
        assert_eq!(mutant.apply(""), None);
    }
}
