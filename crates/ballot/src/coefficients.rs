//! The coefficients of the roll's keys, summed over the ballots of a batch.
//!
//! Key i has the coefficient `sum_b w_b prod_j f^(b)_{j,i_j}`. Each product is one of the high digits (with the
//! weight) times one of the low digits, so the sum over ballots is a product of two matrices, rows by ballots and
//! ballots by columns: `N` products for each ballot, none of which is reduced ([`crate::wide`]). The entries of the
//! matrices are off by a power of R ([`crate::montgomery`]). Ballots are taken in blocks that fit the cache.

use crate::montgomery::{Words, correction, product, words};
use crate::params::Params;
use crate::verify::Opened;
use crate::wide::{LAGRANGE, TERMS_MAX, VALUES, dot, own_products, reduce, values_of_words};
use curve25519_dalek::scalar::Scalar;

/// Ballots multiplied at a time: nine values of them for 200 rows and columns are 0.9 MB.
/// An even number, for they are multiplied in pairs.
const BLOCK: usize = 64;

/// The sums so far.
pub(crate) struct Coefficients {
    params: Params,
    /// Keys on the roll, `N`.
    len: usize,
    rows: usize,
    columns: usize,
    /// `[value][row][ballot of the block]`.
    left: Vec<i64>,
    /// `[value][column][ballot of the block]`.
    right: Vec<i64>,
    /// Ballots in the block.
    filled: usize,
    /// `[value][row][column]`, not reduced.
    wide: Vec<i128>,
    /// Products in each entry of `wide`.
    terms: usize,
    /// `[row][column]`, reduced.
    sums: Vec<Scalar>,
    /// What all `n^m` coefficients sum to: `sum_b w_b xi_b^m`.
    total: Scalar,
    /// Lagrange's weights and the correction of the entries.
    weights: [Scalar; VALUES],
}

impl Coefficients {
    pub(crate) fn new(params: Params, len: usize) -> Self {
        let columns = (0..params.m / 2).fold(1, |places, _| places * params.n);
        let rows = len.div_ceil(columns);
        // A coefficient has m factors and a weight; one of its products is exact.
        let correction = correction(params.m - 1);
        Self {
            params,
            len,
            rows,
            columns,
            left: vec![0; VALUES * rows * BLOCK],
            right: vec![0; VALUES * columns * BLOCK],
            filled: 0,
            wide: vec![0; VALUES * rows * columns],
            terms: 0,
            sums: vec![Scalar::ZERO; rows * columns],
            total: Scalar::ZERO,
            weights: LAGRANGE.map(|weight| weight * correction),
        }
    }

    /// Adds `weight * prod_j f_{j,i_j}` to the coefficient of every place i.
    pub(crate) fn add(&mut self, ballot: &Opened, weight: &Scalar) {
        let Params { n, m } = self.params;
        let (low, high) = ballot.f.split_at(n * (m / 2));
        put(&mut self.right, self.columns, self.filled, &entries(low, n, None));
        put(
            &mut self.left,
            self.rows,
            self.filled,
            &entries(high, n, Some(weight)),
        );
        self.total += weight * ballot.xi_m();
        self.filled += 1;
        if self.filled == BLOCK {
            self.multiply();
        }
    }

    /// Multiplies the block.
    fn multiply(&mut self) {
        if self.terms + self.filled > TERMS_MAX {
            self.reduce();
        }
        if !self.filled.is_multiple_of(2) {
            // The last one's partner: one more ballot, all of whose entries are zero.
            put(
                &mut self.right,
                self.columns,
                self.filled,
                &vec![[0; 4]; self.columns],
            );
            put(&mut self.left, self.rows, self.filled, &vec![[0; 4]; self.rows]);
        }
        let pairs = self.filled.div_ceil(2);
        let line = |line| pairs_of(line).get(..pairs).unwrap_or_default();
        let left = self.left.chunks_exact(self.rows * BLOCK);
        let right = self.right.chunks_exact(self.columns * BLOCK);
        let wide = self.wide.chunks_exact_mut(self.rows * self.columns);
        for ((left, right), wide) in left.zip(right).zip(wide) {
            let columns: Vec<_> = right
                .chunks_exact(BLOCK)
                .map(line)
                .map(|column| (column, own_products(column)))
                .collect();
            let rows = left.chunks_exact(BLOCK).map(line);
            for (row, sums) in rows.zip(wide.chunks_exact_mut(self.columns)) {
                let own = own_products(row);
                for ((column, column_own), sum) in columns.iter().zip(sums) {
                    let sides = own.wrapping_add(*column_own);
                    *sum = dot(sum.wrapping_sub(sides), row, column);
                }
            }
        }
        self.terms += self.filled;
        self.filled = 0;
    }

    /// Moves everything into `sums`.
    fn reduce(&mut self) {
        let places = self.sums.len();
        for (place, sum) in self.sums.iter_mut().enumerate() {
            *sum += reduce(self.wide.iter().skip(place).step_by(places), &self.weights);
        }
        self.wide.fill(0);
        self.terms = 0;
    }

    /// Takes what is still open into the sums.
    pub(crate) fn close(&mut self) {
        if self.filled > 0 {
            self.multiply();
        }
        if self.terms > 0 {
            self.reduce();
        }
    }

    /// Adds the sums of other ballots over the same roll; both are closed.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for (sum, other) in self.sums.iter_mut().zip(&other.sums) {
            *sum += other;
        }
        self.total += other.total;
    }

    /// The coefficients of the `N` keys; the last key's includes all of the padding.
    pub(crate) fn finish(mut self) -> Vec<Scalar> {
        self.close();
        self.sums.truncate(self.len);
        with_padding(self.sums, self.total)
    }
}

/// The numbers of a line two by two; its length is even.
fn pairs_of(line: &[i64]) -> &[[i64; 2]] {
    let (pairs, _) = line.as_chunks();
    pairs
}

/// Writes the nine values of each entry to column `ballot` of `block`, `[value][line][ballot]`.
fn put(block: &mut [i64], lines: usize, ballot: usize, entries: &[Words]) {
    for (line, entry) in entries.iter().take(lines).enumerate() {
        let cells = block
            .iter_mut()
            .skip(line * BLOCK + ballot)
            .step_by(lines * BLOCK);
        cells
            .zip(values_of_words(entry))
            .for_each(|(cell, value)| *cell = value);
    }
}

/// As [`products`], divided by R for each product.
fn entries(rows: &[Scalar], n: usize, top: Option<&Scalar>) -> Vec<Words> {
    let mut rows = rows.chunks(n).rev();
    let highest = rows.next().unwrap_or_default().iter().map(words);
    let start = match top.map(words) {
        Some(top) => highest.map(|f| product(&top, &f)).collect(),
        None => highest.collect::<Vec<_>>(),
    };
    rows.fold(start, |prefixes, row| {
        let row: Vec<_> = row.iter().map(words).collect();
        prefixes
            .iter()
            .flat_map(|prefix| row.iter().map(move |f| product(prefix, f)))
            .collect()
    })
}

/// The coefficients of the `len` keys for one ballot: `prod_j f_{j,i_j}`.
pub(crate) fn of_one(ballot: &Opened, params: Params, len: usize) -> Vec<Scalar> {
    let (low, high) = ballot.f.split_at(params.n * (params.m / 2));
    let low = products(low, params.n);
    let coefficients = products(high, params.n)
        .into_iter()
        .flat_map(|high| low.iter().map(move |low| high * low));
    with_padding(coefficients.take(len).collect(), ballot.xi_m())
}

/// Gives the last key what the coefficients leave of their total.
fn with_padding(mut coefficients: Vec<Scalar>, total: Scalar) -> Vec<Scalar> {
    let padding = total - coefficients.iter().sum::<Scalar>();
    if let Some(last) = coefficients.last_mut() {
        *last += padding;
    }
    coefficients
}

/// `prod_j f_{j,i_j}` for every i of the digits in `rows`, the first row being the lowest digit.
fn products(rows: &[Scalar], n: usize) -> Vec<Scalar> {
    let mut rows = rows.chunks(n).rev();
    let highest = rows.next().unwrap_or_default().to_vec();
    rows.fold(highest, |prefixes, row| {
        prefixes
            .iter()
            .flat_map(|prefix| row.iter().map(move |f| prefix * f))
            .collect()
    })
}
