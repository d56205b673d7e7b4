//! Decoders of what a ballot's seal held: plaintexts of every counting method.

use crate::target::head;
use crate::{Decoder, Target};
use assembly::Choice;
use assembly::counting::{OneOfMany, StrictOrder, UpToK, WeakOrder};

/// The plaintexts' decoders.
pub const TARGET: Target = Target {
    name: "counting",
    decoders: &[
        Decoder {
            name: "for or against",
            accepts: choice,
            seeds: |_| vec![vec![1], vec![2], vec![3]],
        },
        Decoder {
            name: "one of many",
            accepts: one_of_many,
            seeds: |_| vec![vec![0, 3, 0, 0], vec![1, 0, 1, 0], vec![0, 3, 0, 4]],
        },
        Decoder {
            name: "up to k",
            accepts: up_to_k,
            seeds: |_| vec![vec![0, 10, 2, 1, 2], vec![0, 10, 2, 0, 4], vec![0, 3, 1, 1]],
        },
        Decoder {
            name: "ranking with equals",
            accepts: weak_order,
            seeds: |_| vec![vec![0, 3, 1, 0, 2], vec![0, 4, 1, 1, 0, 2], vec![0, 2, 1, 2]],
        },
        Decoder {
            name: "ranking without equals",
            accepts: strict_order,
            seeds: |_| vec![vec![0, 3, 1, 3, 2], vec![0, 4, 1, 0, 0, 2], vec![0, 2, 1, 1]],
        },
    ],
};

fn choice(plaintext: &[u8]) -> bool {
    Choice::from_plaintext(plaintext).is_some_and(|choice| {
        assert_eq!(choice.to_plaintext(), plaintext);
        true
    })
}

/// Two bytes for the number of options, then the plaintext.
fn options(bytes: &[u8]) -> (u16, &[u8]) {
    let (number, plaintext) = head::<2>(bytes);
    (u16::from_be_bytes(number), plaintext)
}

fn one_of_many(bytes: &[u8]) -> bool {
    let (options, plaintext) = options(bytes);
    let Ok(form) = OneOfMany::new(options) else {
        return false;
    };
    form.read(plaintext).is_ok_and(|choice| {
        assert_eq!(form.write(choice).unwrap(), plaintext);
        assert!(choice.is_none_or(|option| option.number() < options));
        true
    })
}

fn up_to_k(bytes: &[u8]) -> bool {
    let (options, rest) = options(bytes);
    let (k, plaintext) = head::<1>(rest);
    let Ok(form) = UpToK::new(options, k[0].into()) else {
        return false;
    };
    form.read(plaintext).is_ok_and(|marks| {
        assert_eq!(form.write(&marks).unwrap(), plaintext);
        assert!(marks.len() <= k[0].into());
        true
    })
}

fn weak_order(bytes: &[u8]) -> bool {
    let (options, plaintext) = options(bytes);
    let Ok(form) = WeakOrder::new(options) else {
        return false;
    };
    // Whatever ranks a voter writes, the canonical form of them is accepted and is its own canonical form.
    if let Ok(canonical) = form.canonical(plaintext) {
        assert_eq!(form.read(canonical.ranks()), Ok(canonical.clone()));
        assert_eq!(form.canonical(canonical.ranks()), Ok(canonical));
    }
    form.read(plaintext).is_ok_and(|ranking| {
        assert_eq!(ranking.ranks(), plaintext);
        assert_eq!(form.canonical(plaintext), Ok(ranking));
        true
    })
}

fn strict_order(bytes: &[u8]) -> bool {
    let (options, plaintext) = options(bytes);
    let Ok(form) = StrictOrder::new(options) else {
        return false;
    };
    form.read(plaintext).is_ok_and(|ranking| {
        assert_eq!(ranking.ranks(), plaintext);
        assert_eq!(form.write(&ranking.order()), Ok(ranking));
        true
    })
}
