//! The worked example of `docs/spec/ballot.md`, computed so that it never drifts.

use core::fmt::Write as _;
use curve25519_dalek::scalar::Scalar;

use super::group::{Generators, array, bytes, encoded, sha256};
use super::prover::{Attempt, Parts, challenge_input, prove};
use super::rolls::TestRoll;
use super::{ASSEMBLY, OPENING, SEALED, SEALING_KEY, hex};

/// What stands before the example.
pub const BEGIN: &str = "<!-- worked example: begin (cargo xtask vectors) -->\n";
/// What stands after it.
pub const END: &str = "<!-- worked example: end -->\n";

/// The page with the example in its place; `None` if it has no place for it.
#[must_use]
pub fn put_into(page: &str) -> Option<String> {
    let (head, rest) = page.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!("{head}{BEGIN}{}{END}", text()) + tail)
}

/// The example.
#[must_use]
pub fn text() -> String {
    let all = Generators::derive();
    let roll = TestRoll::derive(&all, "example", 3);
    let statement = roll.statement();
    let place = 1;
    let secret = roll.secrets[place];
    let parts = prove(
        &all,
        &statement,
        &Attempt::honest(secret, place, &SEALED, "example"),
    );
    let mut out = String::from(
        "A vote over a roll of three keys, so n = 4, m = 2 and 16 places. The second member (place 1, digits 1 and 0) casts.\n\n```text\n",
    );
    let mut line = |name: &str, value: &str| writeln!(out, "{name:<16}{value}").unwrap();
    line("G", &hex(&encoded(&all.g)));
    line("H", &hex(&encoded(&all.h)));
    line("C_0", &hex(&encoded(&all.c[0])));
    line("C*", &hex(&encoded(&all.c_star)));
    line("assembly id", &hex(&ASSEMBLY));
    line("opening id", &hex(&OPENING));
    line("Y", &hex(&SEALING_KEY));
    for (index, key) in roll.keys.iter().enumerate() {
        line(&format!("P_{index}"), &hex(key));
    }
    line("roll root", &hex(&statement.root));
    line("E", &hex(&encoded(&statement.event())));
    line("x", &hex(secret.x.as_bytes()));
    line("y", &hex(secret.y.as_bytes()));
    line("T", &hex(&parts.tag));
    line("sealed", "49 bytes 77 (nothing is opened here)");
    line("SHA-256(sealed)", &hex(&sha256(&SEALED)));
    for (name, point) in ["A", "B", "Q_0", "Q_1", "S_0", "S_1"].iter().zip(&parts.points) {
        line(name, &hex(point));
    }
    let input = array(&challenge_input(
        &all,
        &statement,
        &parts.tag,
        &SEALED,
        &parts.points,
    ));
    line(
        "challenge input",
        &format!("{} bytes, SHA-256 {}", input.len(), hex(&sha256(&input))),
    );
    line("xi", &hex(parts.challenge.as_bytes()));
    let names = [
        "f_01", "f_02", "f_03", "f_11", "f_12", "f_13", "z_A", "z_x", "z_y",
    ];
    for (name, scalar) in names.iter().zip(&parts.scalars) {
        line(name, &hex(scalar.as_bytes()));
    }
    let f = completed(&parts);
    line("f_00", &hex(f[0].as_bytes()));
    line("f_10", &hex(f[4].as_bytes()));
    let products: Vec<_> = (0..16).map(|i| f[i % 4] * f[4 + i / 4]).collect();
    line("coefficient P_0", &hex(products[0].as_bytes()));
    line("coefficient P_1", &hex(products[1].as_bytes()));
    let rest: Scalar = products[2..].iter().sum();
    line("coefficient P_2", &hex(rest.as_bytes()));
    let ballot = parts.ballot();
    line(
        "ballot",
        &format!("{} bytes, SHA-256 {}", ballot.len(), hex(&sha256(&ballot))),
    );
    out.push_str("```\n\nThe ballot's bytes:\n\n```text\n");
    for chunk in hex(&ballot).as_bytes().chunks(96) {
        writeln!(out, "{}", String::from_utf8_lossy(chunk)).unwrap();
    }
    out.push_str("```\n\nAnd the roll's root, as an example of a hashed array:\n\n```text\n");
    let head = array(&[super::group::text("veche/v1/ballot/roll"), bytes(&roll.keys[0])]);
    writeln!(
        out,
        "SHA-256( 84 {} 5820 P_0 5820 P_1 5820 P_2 )",
        hex(&head[1..22])
    )
    .unwrap();
    out.push_str("```\n");
    out
}

/// f with its first column.
fn completed(parts: &Parts) -> Vec<Scalar> {
    parts.scalars[..6]
        .chunks(3)
        .flat_map(|row| {
            let others: Scalar = row.iter().sum();
            core::iter::once(parts.challenge - others).chain(row.iter().copied())
        })
        .collect()
}
