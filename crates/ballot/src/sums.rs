//! The weighted sum of all equations of many ballots, as one multiscalar multiplication in pieces.

use crate::coefficients::Coefficients;
use crate::event::Event;
use crate::generators::generators;
use crate::montgomery::{correction, product, words};
use crate::verify::Opened;
use crate::wide::{TERMS_MAX, Values, WideSum, values, values_of_words};
use curve25519_dalek::ristretto::RistrettoPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};
use rand_core::CryptoRng;

/// Points multiplied at a time: so many, with their digits, stay in the cache.
const POINTS: usize = 4_096;

/// The weights of a ballot's three equations, 128 random bits each.
#[derive(Clone, Copy)]
pub(crate) struct Weights([Scalar; 3]);

impl Weights {
    pub(crate) fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self([(); 3].map(|()| {
            let mut bytes = [0; 16];
            rng.fill_bytes(&mut bytes);
            Scalar::from(u128::from_le_bytes(bytes))
        }))
    }
}

/// The sum over some ballots of
///
/// ```text
///   w1 (A + xi B - Com(f, f(xi - f); z_A))
/// + w2 (sum_k xi^k Q_k + z_x G + z_y H - sum_i (prod_j f_{j,i_j}) P_i)
/// + w3 (sum_k xi^k S_k + z_x E - xi^m T)
/// ```
///
/// which is the identity for valid ballots. With these signs A, `Q_0` and `S_0` keep short scalars.
pub(crate) struct Sums {
    roll: Coefficients,
    /// `sum w1 f` and then `sum w1 f(xi - f) / R`, entry by entry, not reduced; to be subtracted at the end.
    cells: Vec<WideSum>,
    /// Ballots in each of them.
    terms: usize,
    /// `sum w1 f` and `sum w1 f(xi - f)`, reduced.
    cells_reduced: Vec<Scalar>,
    c_star: Scalar,
    g: Scalar,
    h: Scalar,
    e: Scalar,
    /// Ballots' own points that are still to be multiplied, with their scalars.
    scalars: Vec<Scalar>,
    points: Vec<RistrettoPoint>,
    /// Those that are.
    own: RistrettoPoint,
}

impl Sums {
    pub(crate) fn new(event: &Event) -> Self {
        let params = event.roll().params();
        let cells = params.cells();
        Self {
            roll: Coefficients::new(params, event.roll().len()),
            cells: vec![WideSum::default(); 2 * cells],
            terms: 0,
            cells_reduced: vec![Scalar::ZERO; 2 * cells],
            c_star: Scalar::ZERO,
            g: Scalar::ZERO,
            h: Scalar::ZERO,
            e: Scalar::ZERO,
            scalars: Vec::with_capacity(POINTS + 2 * params.m + 3),
            points: Vec::with_capacity(POINTS + 2 * params.m + 3),
            own: RistrettoPoint::identity(),
        }
    }

    pub(crate) fn add(&mut self, ballot: &Opened, Weights([w1, w2, w3]): &Weights) {
        let proof = &ballot.proof;
        let xi = ballot.xi();
        let (w1_words, w1_values, xi_values) = (words(w1), values(w1), values(&xi));
        let (sums, sums_of_products) = self.cells.split_at_mut(ballot.f.len());
        for ((f, sum), sum_of_products) in ballot.f.iter().zip(sums).zip(sums_of_products) {
            let f = words(f);
            let f_values = values_of_words(&f);
            sum.add(&w1_values, &f_values);
            sum_of_products.add(
                &values_of_words(&product(&w1_words, &f)),
                &subtract(&xi_values, &f_values),
            );
        }
        self.terms += 1;
        // A difference is twice as large as a value.
        if self.terms == TERMS_MAX / 2 {
            self.reduce_cells();
        }
        self.c_star += w1 * proof.z_a;
        self.own(*w1, proof.a);
        self.own(w1 * xi, proof.b);

        self.roll.add(ballot, w2);
        self.g += w2 * proof.z_x;
        self.h += w2 * proof.z_y;
        self.e += w3 * proof.z_x;
        let commitments = proof.q.iter().zip(&proof.s);
        for (k, (power, (q, s))) in ballot.powers.iter().zip(commitments).enumerate() {
            let (w2, w3) = if k == 0 {
                (*w2, *w3)
            } else {
                (w2 * power, w3 * power)
            };
            self.own(w2, *q);
            self.own(w3, *s);
        }
        self.own(-(w3 * ballot.xi_m()), ballot.tag);
        if self.points.len() >= POINTS {
            self.multiply();
        }
    }

    fn own(&mut self, scalar: Scalar, point: RistrettoPoint) {
        self.scalars.push(scalar);
        self.points.push(point);
    }

    fn multiply(&mut self) {
        self.own += RistrettoPoint::vartime_multiscalar_mul(&self.scalars, &self.points);
        self.scalars.clear();
        self.points.clear();
    }

    fn reduce_cells(&mut self) {
        let exact = self.cells.len() / 2;
        let factors = core::iter::repeat_n(Scalar::ONE, exact).chain(core::iter::repeat(correction(1)));
        for ((sum, reduced), factor) in self.cells.iter_mut().zip(&mut self.cells_reduced).zip(factors) {
            *reduced += sum.take() * factor;
        }
        self.terms = 0;
    }

    /// Reduces what is not reduced; to be called by whoever worked on this part.
    pub(crate) fn close(&mut self) {
        self.roll.close();
        self.reduce_cells();
    }

    /// Adds the sum over other ballots of the same event; both are closed.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        self.roll.absorb(&other.roll);
        for (sum, other) in self.cells_reduced.iter_mut().zip(&other.cells_reduced) {
            *sum += other;
        }
        self.c_star += other.c_star;
        self.g += other.g;
        self.h += other.h;
        self.e += other.e;
        self.own += other.own;
        self.scalars.append(&mut other.scalars);
        self.points.append(&mut other.points);
    }

    /// What is multiplied and added already, and what remains to be: scalars and points of the last ballots, of the
    /// generators and of the roll.
    pub(crate) fn finish(mut self, event: &Event) -> (RistrettoPoint, Vec<Scalar>, Vec<RistrettoPoint>) {
        self.close();
        let all = generators();
        let (mut scalars, mut points) = (self.scalars, self.points);
        points.extend([all.g, all.h, *event.point()]);
        scalars.extend([self.g, self.h, self.e]);
        points.extend(all.c.iter().take(self.cells_reduced.len()).chain([&all.c_star]));
        let subtracted = self.cells_reduced.iter().chain([&self.c_star]);
        scalars.extend(subtracted.map(|scalar| -scalar));
        points.extend(event.roll().keys().iter().map(|key| key.point));
        scalars.extend(self.roll.finish().iter().map(|coefficient| -coefficient));
        (self.own, scalars, points)
    }
}

/// The values of a difference.
fn subtract(a: &Values, b: &Values) -> Values {
    let mut difference = *a;
    for (a, b) in difference.iter_mut().zip(b) {
        *a = a.wrapping_sub(*b);
    }
    difference
}

/// How many of `len` points each of `hands` threads multiplies at a time: equal pieces, none too large for the cache.
pub(crate) fn piece_len(len: usize, hands: usize) -> usize {
    let pieces = len.div_ceil(POINTS + POINTS / 2).max(hands).max(1);
    len.div_ceil(pieces).max(1)
}
