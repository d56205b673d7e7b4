//! The prover's sums over the roll, `sum_i p_{i,k} P_i` for every `k < m`, in constant time.
//!
//! `p_{i,k}` adds up, over all sets J of k digits, the products of `a_{j,i_j}` over the digits outside J, for the places
//! i that agree with the secret place l in J; all other places have nothing. So there are two ways to one sum:
//!
//! - *dense*: all N keys with their `p_{i,k}`; most are zero for larger k, but which ones is secret;
//! - *selected*: for each J the `n^(m-k)` keys that agree with l in J, picked without showing which, each with its
//!   product. Picking looks at every key and takes next to nothing; the multiplications are what costs.
//!
//! The one with fewer multiplications is taken; this depends on N, n, m and k alone. For 10,000 keys both together
//! need 14,640 multiplications instead of 40,000.

use crate::key::BallotKey;
use crate::params::Params;
use crate::progress::Watched;
use core::ops::ControlFlow;
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, MultiscalarMul};
use subtle::{Choice, ConditionallySelectable};
use zeroize::Zeroizing;

/// Points multiplied at a time: their tables stay in the cache, and the caller is asked after each.
const POINTS: usize = 256;

/// Scalars and points whose products add up to one sum; wiped when dropped, for the points tell the place.
struct Terms {
    scalars: Zeroizing<Vec<Scalar>>,
    points: Zeroizing<Vec<RistrettoPoint>>,
}

/// How many multiplications one proof over `len` keys needs for its sums.
pub(crate) fn multiplications(params: Params, len: usize) -> usize {
    (0..params.m).map(|k| selected(params, k).min(len)).sum()
}

/// Keys that agree with one place in some k digits, counted once for each k digits: `(m over k) n^(m-k)`.
fn selected(Params { n, m }: Params, k: usize) -> usize {
    let sets = (0..k).fold(1, |sets, i| sets * (m - i) / (i + 1));
    (k..m).fold(sets, |places, _| places * n)
}

/// The sums for `k = 0 .. m-1`.
///
/// - `sigma`: the digit matrix, `m` rows of `n` bytes 0 or 1.
/// - `a`: its masks, each row's sum zero.
///
/// # Errors
/// A break, if the caller wants no more.
pub(crate) fn masked_sums(
    keys: &[BallotKey],
    params: Params,
    sigma: &[u8],
    a: &[Scalar],
    watched: &mut Watched<'_>,
) -> ControlFlow<(), Vec<RistrettoPoint>> {
    // Those with more places than keys come first: one digit less is n / sets times fewer.
    let dense = (0..params.m)
        .take_while(|k| selected(params, *k) >= keys.len())
        .count();
    let mut sums = Vec::with_capacity(params.m);
    let polynomials = expand(sigma, a, params, keys.len(), dense);
    for k in 0..dense {
        let coefficients = with_padding(polynomials.chunks(dense).filter_map(|p| p.get(k)), keys.len());
        sums.push(multiply(
            &coefficients,
            keys.iter().map(|key| &key.point),
            watched,
        )?);
    }
    for terms in select(keys, params, sigma, a, dense) {
        sums.push(multiply(&terms.scalars, terms.points.iter(), watched)?);
    }
    ControlFlow::Continue(sums)
}

/// A constant-time multiscalar multiplication in pieces.
fn multiply<'a>(
    scalars: &[Scalar],
    mut points: impl Iterator<Item = &'a RistrettoPoint>,
    watched: &mut Watched<'_>,
) -> ControlFlow<(), RistrettoPoint> {
    let mut sum = RistrettoPoint::identity();
    for scalars in scalars.chunks(POINTS) {
        sum += RistrettoPoint::multiscalar_mul(scalars, points.by_ref().take(scalars.len()));
        watched.advance(scalars.len())?;
    }
    ControlFlow::Continue(sum)
}

/// The first `len - 1` coefficients, and for the last key, which fills the padding, what they leave: all `n^m`
/// coefficients of one `k < m` sum to zero.
fn with_padding<'a>(coefficients: impl Iterator<Item = &'a Scalar>, len: usize) -> Zeroizing<Vec<Scalar>> {
    let mut all = Zeroizing::new(Vec::with_capacity(len));
    all.extend(coefficients.take(len - 1));
    let padded = -all.iter().sum::<Scalar>();
    all.push(padded);
    all
}

/// The first `count` coefficients of `p_i(X) = prod_j (sigma_{j,i_j} X + a_{j,i_j})` for the `len` real places.
///
/// Built from the highest digit down, so that places with common high digits share their work.
fn expand(sigma: &[u8], a: &[Scalar], params: Params, len: usize, count: usize) -> Zeroizing<Vec<Scalar>> {
    let Params { n, m } = params;
    let mut prefixes = Zeroizing::new(vec![Scalar::ZERO; count]);
    if let Some(constant) = prefixes.first_mut() {
        *constant = Scalar::ONE;
    }
    let mut below = (0..m).fold(1, |places: usize, _| places * n);
    for (sigma, a) in sigma.chunks(n).zip(a.chunks(n)).rev() {
        below /= n;
        let places = len.div_ceil(below);
        let mut longer = Zeroizing::new(Vec::with_capacity(places * count));
        let children = prefixes
            .chunks(count)
            .flat_map(|prefix| sigma.iter().zip(a).map(move |factor| (prefix, factor)))
            .take(places);
        for (prefix, (bit, a)) in children {
            let mut lower = Scalar::ZERO;
            for coefficient in prefix {
                let carried = Scalar::conditional_select(&Scalar::ZERO, &lower, Choice::from(*bit));
                longer.push(coefficient * a + carried);
                lower = *coefficient;
            }
        }
        prefixes = longer;
    }
    prefixes
}

/// The terms of the sums for `k = from .. m-1`, each key picked in constant time.
fn select(keys: &[BallotKey], params: Params, sigma: &[u8], a: &[Scalar], from: usize) -> Vec<Terms> {
    let places = (0..params.m).fold(1, |places, _| places * params.n);
    let all = keys.iter().chain(core::iter::repeat(keys.last()).flatten());
    let mut terms: Vec<Terms> = (from..params.m)
        .map(|k| Terms {
            scalars: Zeroizing::new(Vec::with_capacity(selected(params, k))),
            points: Zeroizing::new(Vec::with_capacity(selected(params, k))),
        })
        .collect();
    if !terms.is_empty() {
        let rows: Vec<_> = sigma.chunks(params.n).zip(a.chunks(params.n)).collect();
        let all: Vec<RistrettoPoint> = all.take(places).map(|key| key.point).collect();
        branch(&mut terms, &rows, &all, &[Scalar::ONE], (0, from));
    }
    terms
}

/// Goes through all sets J: at each digit, the lowest first, its keys are either kept or picked from.
///
/// - `rows`: digits to go, with their masks.
/// - `points`: keys that agree with l in the digits picked so far; the digits kept are the lowest.
/// - `products`: products of the masks of the digits kept.
/// - `picked`: how many digits are in J so far, and how many have to be at least.
fn branch(
    terms: &mut [Terms],
    rows: &[(&[u8], &[Scalar])],
    points: &[RistrettoPoint],
    products: &[Scalar],
    (picked, least): (usize, usize),
) {
    let Some(((sigma, a), rest)) = rows.split_first() else {
        if let Some(terms) = picked.checked_sub(least).and_then(|k| terms.get_mut(k)) {
            terms.scalars.extend_from_slice(products);
            terms.points.extend_from_slice(points);
        }
        return;
    };
    if picked + rest.len() >= least {
        let mut longer = Zeroizing::new(Vec::with_capacity(products.len() * a.len()));
        longer.extend(
            a.iter()
                .flat_map(|a| products.iter().map(move |product| a * product)),
        );
        branch(terms, rest, points, &longer, (picked, least));
    }
    let picks = pick(points, sigma, products.len());
    branch(terms, rest, &picks, products, (picked + 1, least));
}

/// Of every `n` runs of `len` points the one that `sigma` marks.
fn pick(points: &[RistrettoPoint], sigma: &[u8], len: usize) -> Zeroizing<Vec<RistrettoPoint>> {
    let mut picks = Zeroizing::new(Vec::with_capacity(points.len() / sigma.len()));
    for group in points.chunks(sigma.len() * len) {
        let start = picks.len();
        picks.extend_from_slice(group.get(..len).unwrap_or_default());
        for (run, bit) in group.chunks(len).zip(sigma) {
            let here = Choice::from(*bit);
            for (to, from) in picks.iter_mut().skip(start).zip(run) {
                to.conditional_assign(from, here);
            }
        }
    }
    picks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::BallotSecret;
    use crate::params::ROLL_MAX;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    struct Setting {
        params: Params,
        keys: Vec<BallotKey>,
        /// Digits of the secret place.
        place: usize,
        sigma: Vec<u8>,
        a: Vec<Scalar>,
    }

    fn setting(len: usize, place: usize) -> Setting {
        let mut rng = ChaCha20Rng::seed_from_u64(len as u64);
        let params = Params::of_roll(len).unwrap();
        let keys = (0..len)
            .map(|_| BallotSecret::random(&mut rng).public())
            .collect();
        let sigma = (0..params.cells())
            .map(|cell| u8::from(digit(place, cell / params.n, params.n) == cell % params.n))
            .collect();
        let mut scalar = || {
            let mut wide = [0; 64];
            rng.fill_bytes(&mut wide);
            Scalar::from_bytes_mod_order_wide(&wide)
        };
        let mut a: Vec<_> = (0..params.cells()).map(|_| scalar()).collect();
        for row in a.chunks_mut(params.n) {
            row[0] = -row[1..].iter().sum::<Scalar>();
        }
        Setting {
            params,
            keys,
            place,
            sigma,
            a,
        }
    }

    fn digit(place: usize, j: usize, n: usize) -> usize {
        place / n.pow(u32::try_from(j).unwrap()) % n
    }

    impl Setting {
        /// `p_i(X)`, multiplied out as the definition says; lowest coefficient first.
        fn polynomial(&self, i: usize) -> Vec<Scalar> {
            let Params { n, m } = self.params;
            let mut product = vec![Scalar::ONE];
            for j in 0..m {
                let cell = j * n + digit(i, j, n);
                let mut next = vec![Scalar::ZERO; product.len() + 1];
                for (k, coefficient) in product.iter().enumerate() {
                    next[k] += coefficient * self.a[cell];
                    next[k + 1] += coefficient * Scalar::from(self.sigma[cell]);
                }
                product = next;
            }
            product
        }

        /// The sums over all places, padding included, as the specification says.
        fn by_definition(&self) -> Vec<RistrettoPoint> {
            let Params { n, m } = self.params;
            let mut sums = vec![RistrettoPoint::identity(); m];
            for i in 0..n.pow(u32::try_from(m).unwrap()) {
                let key = self.keys.get(i).or(self.keys.last()).unwrap();
                let polynomial = self.polynomial(i);
                assert_eq!(polynomial[m] == Scalar::ONE, i == self.place);
                for (sum, coefficient) in sums.iter_mut().zip(&polynomial) {
                    *sum += coefficient * key.point;
                }
            }
            sums
        }

        fn sums(
            &self,
            watch: &mut dyn FnMut(crate::Progress) -> ControlFlow<()>,
        ) -> ControlFlow<(), Vec<RistrettoPoint>> {
            let total = multiplications(self.params, self.keys.len());
            masked_sums(
                &self.keys,
                self.params,
                &self.sigma,
                &self.a,
                &mut Watched::new(total, watch),
            )
        }
    }

    #[test]
    fn sums_are_those_of_the_definition_for_any_place_and_padding() {
        for (len, place) in [
            (2, 1),
            (16, 0),
            (17, 16),
            (36, 35),
            (65, 7),
            (101, 100),
            (216, 123),
            (257, 256),
            (520, 3),
        ] {
            let setting = setting(len, place);
            let sums = setting.sums(&mut |_| ControlFlow::Continue(())).continue_value();
            assert_eq!(sums, Some(setting.by_definition()), "{len} {place}");
        }
    }

    #[test]
    fn the_polynomials_are_those_of_the_definition() {
        let setting = setting(20, 5);
        for count in 1..=setting.params.m {
            let expanded = expand(&setting.sigma, &setting.a, setting.params, 20, count);
            assert_eq!(expanded.len(), 20 * count);
            for (i, polynomial) in expanded.chunks(count).enumerate() {
                assert_eq!(polynomial, &setting.polynomial(i)[..count]);
            }
        }
    }

    #[test]
    fn dense_sums_come_first_and_each_sum_is_made_the_cheaper_way() {
        for len in 2..=ROLL_MAX {
            let params = Params::of_roll(len).unwrap();
            let is_dense: Vec<_> = (0..params.m).map(|k| selected(params, k) >= len).collect();
            assert!(is_dense[0] && is_dense.is_sorted_by(|a, b| a >= b), "{len}");
        }
        let total = |len| multiplications(Params::of_roll(len).unwrap(), len);
        assert_eq!(total(10_000), 10_000 + 4_000 + 600 + 40);
        assert_eq!(total(1_000), 1_000 + 864 + 216 + 24);
        assert_eq!(total(100), 100 + 20);
    }

    #[test]
    fn progress_grows_to_its_end_and_a_break_ends_it() {
        let setting = setting(520, 3);
        let mut seen = Vec::new();
        let sums = setting.sums(&mut |progress| {
            seen.push(progress.done);
            assert_eq!(progress.total, multiplications(setting.params, 520));
            ControlFlow::Continue(())
        });
        assert!(sums.is_continue());
        assert!(seen.len() > 3 && seen.is_sorted());
        assert_eq!(seen.last(), Some(&multiplications(setting.params, 520)));
        let mut calls = 0;
        let sums = setting.sums(&mut |progress| {
            calls += 1;
            if progress.done > 300 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert!(sums.is_break());
        assert_eq!(calls, 2);
    }
}
