//! A prover written from `docs/spec/ballot.md`, for the vectors alone: it can also cheat, which the product's cannot.
//!
//! Not constant time and not for anybody's vote.

use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;

use super::group::{
    Generators, Item, Stream, array, bytes, encoded, hash_to_group, hash_to_scalar, sha256, sum, text, uint,
};

/// A secret key of the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secret {
    /// x.
    pub x: Scalar,
    /// y.
    pub y: Scalar,
}

impl Secret {
    /// `P = xG + yH`.
    #[must_use]
    pub fn key(&self, all: &Generators) -> RistrettoPoint {
        sum([(self.x, &all.g), (self.y, &all.h)])
    }
}

/// What a ballot is proven for. `keys` stand in the order in which they are proven and hashed, right or wrong.
#[derive(Debug, Clone)]
pub struct Statement {
    /// `ballot`, `speech` or `signature`.
    pub kind: String,
    /// The assembly.
    pub assembly: [u8; 32],
    /// The opening, thread or document.
    pub subject: [u8; 32],
    /// The keys, decoded.
    pub keys: Vec<RistrettoPoint>,
    /// The roll's root.
    pub root: [u8; 32],
    /// n and m.
    pub shape: (usize, usize),
    /// Y.
    pub sealing_key: [u8; 32],
}

impl Statement {
    /// E.
    #[must_use]
    pub fn event(&self) -> RistrettoPoint {
        hash_to_group("veche/v1/ballot/event", &self.kind, bytes(&self.subject))
    }
}

/// What a prover does; an honest one as [`Attempt::honest`] says.
pub struct Attempt<'a> {
    /// Its secret.
    pub secret: Secret,
    /// The place that it proves.
    pub place: usize,
    /// Its tag, if it is not xE.
    pub tag: Option<RistrettoPoint>,
    /// The digit matrix, if it is not that of the place.
    pub sigma: Option<Vec<Scalar>>,
    /// What is added to the secret behind `S_0`, before the challenge.
    pub shift: Scalar,
    /// What is sealed.
    pub sealed: &'a [u8],
    /// Alters the challenge's input.
    pub weaken: &'a dyn Fn(&mut Vec<Item>),
    /// Name of its randomness.
    pub randomness: &'a str,
}

impl<'a> Attempt<'a> {
    /// Everything as it should be.
    #[must_use]
    pub fn honest(secret: Secret, place: usize, sealed: &'a [u8], randomness: &'a str) -> Self {
        Self {
            secret,
            place,
            tag: None,
            sigma: None,
            shift: Scalar::ZERO,
            sealed,
            weaken: &|_| {},
            randomness,
        }
    }
}

/// A ballot in its parts.
#[derive(Debug, Clone)]
pub struct Parts {
    /// T.
    pub tag: [u8; 32],
    /// What is sealed.
    pub sealed: Vec<u8>,
    /// A, B, `Q_0..`, `S_0..`.
    pub points: Vec<[u8; 32]>,
    /// xi.
    pub challenge: Scalar,
    /// f by rows, `z_A`, `z_x`, `z_y`.
    pub scalars: Vec<Scalar>,
}

impl Parts {
    /// The proof's bytes.
    #[must_use]
    pub fn proof(&self) -> Vec<u8> {
        let scalars = self.scalars.iter().map(Scalar::to_bytes);
        self.points.iter().copied().chain(scalars).flatten().collect()
    }

    /// The ballot's bytes.
    #[must_use]
    pub fn ballot(&self) -> Vec<u8> {
        envelope(1, &self.tag, &self.sealed, &self.proof())
    }
}

/// `CBOR[version, T, sealed, proof]` of whatever they are.
#[must_use]
pub fn envelope(version: usize, tag: &[u8], sealed: &[u8], proof: &[u8]) -> Vec<u8> {
    array(&[uint(version), bytes(tag), bytes(sealed), bytes(proof)])
}

/// The challenge's input as a list: index 0 is the label, 14 is A.
#[must_use]
pub fn challenge_input(
    all: &Generators,
    statement: &Statement,
    tag: &[u8],
    sealed: &[u8],
    points: &[[u8; 32]],
) -> Vec<Item> {
    let (n, m) = statement.shape;
    let mut input = vec![
        text("veche/v1/ballot/challenge"),
        text(&statement.kind),
        uint(1),
        bytes(&statement.assembly),
        bytes(&statement.subject),
        bytes(&statement.root),
        uint(statement.keys.len()),
        uint(n),
        uint(m),
        bytes(&all.digest),
        bytes(&statement.sealing_key),
        bytes(&encoded(&statement.event())),
        bytes(tag),
        bytes(&sha256(sealed)),
    ];
    input.extend(points.iter().map(|point| bytes(point)));
    input
}

/// Steps 1 to 6 of the specification's prover.
#[must_use]
pub fn prove(all: &Generators, statement: &Statement, attempt: &Attempt<'_>) -> Parts {
    let (n, m) = statement.shape;
    let places = n.pow(u32::try_from(m).unwrap());
    let event = statement.event();
    let tag = encoded(&attempt.tag.unwrap_or(attempt.secret.x * event));
    let mut random = Stream::new(attempt.randomness);
    let mut draw = |count: usize| -> Vec<Scalar> { (0..count).map(|_| random.scalar()).collect() };

    // 1.
    let digit = |place: usize, j: usize| place / n.pow(u32::try_from(j).unwrap()) % n;
    let sigma = attempt.sigma.clone().unwrap_or_else(|| {
        let cell = |k: usize| u64::from(k % n == digit(attempt.place, k / n));
        (0..n * m).map(|k| Scalar::from(cell(k))).collect()
    });
    let mut a = draw(n * m);
    for row in a.chunks_mut(n) {
        row[0] = -row[1..].iter().sum::<Scalar>();
    }
    let [r_a, r_b] = [draw(1)[0], draw(1)[0]];

    // 2.
    let commit = |u: &[Scalar], v: Vec<Scalar>, r: Scalar| {
        let scalars = u.iter().copied().chain(v).chain([r]);
        sum(scalars.zip(all.c[..2 * n * m].iter().chain([&all.c_star])))
    };
    let big_a = commit(&a, a.iter().map(|a| -(a * a)).collect(), r_a);
    let crossed = a.iter().zip(&sigma).map(|(a, s)| a * (Scalar::ONE - (s + s)));
    let big_b = commit(&sigma, crossed.collect(), r_b);

    // 3.
    let polynomial = |place: usize| {
        (0..m).fold(vec![Scalar::ONE], |product, j| {
            let k = j * n + digit(place, j);
            let mut longer = vec![Scalar::ZERO; product.len() + 1];
            for (power, coefficient) in product.iter().enumerate() {
                longer[power] += coefficient * a[k];
                longer[power + 1] += coefficient * sigma[k];
            }
            longer
        })
    };
    let polynomials: Vec<_> = (0..places).map(polynomial).collect();

    // 4.
    let (rho, tau) = (draw(m), draw(m));
    let last = statement.keys.len() - 1;
    let mut points = vec![encoded(&big_a), encoded(&big_b)];
    for k in 0..m {
        let mut coefficients = vec![Scalar::ZERO; last + 1];
        for (place, polynomial) in polynomials.iter().enumerate() {
            coefficients[place.min(last)] += polynomial[k];
        }
        let own = [(rho[k], &all.g), (tau[k], &all.h)];
        points.push(encoded(&sum(coefficients
            .into_iter()
            .zip(&statement.keys)
            .chain(own))));
    }
    let shifts = core::iter::once(attempt.shift).chain(core::iter::repeat(Scalar::ZERO));
    points.extend(
        rho.iter()
            .zip(shifts)
            .map(|(rho, shift)| encoded(&((rho + shift) * event))),
    );

    // 5.
    let mut input = challenge_input(all, statement, &tag, attempt.sealed, &points);
    (attempt.weaken)(&mut input);
    let xi = hash_to_scalar(&input);

    // 6.
    let mut scalars = Vec::new();
    for j in 0..m {
        scalars.extend((1..n).map(|i| sigma[j * n + i] * xi + a[j * n + i]));
    }
    let power = |k: usize| (0..k).fold(Scalar::ONE, |power, _| power * xi);
    let masked = |secret: Scalar, masks: &[Scalar]| {
        let mask: Scalar = masks.iter().enumerate().map(|(k, mask)| mask * power(k)).sum();
        secret * power(m) - mask
    };
    scalars.push(r_a + xi * r_b);
    scalars.push(masked(attempt.secret.x, &rho));
    scalars.push(masked(attempt.secret.y, &tau));
    Parts {
        tag,
        sealed: attempt.sealed.to_vec(),
        points,
        challenge: xi,
        scalars,
    }
}
