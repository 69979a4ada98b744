//! The conversions between numbers that the algorithms need, each with its reason.

/// One, in the fixed-point unit of similarities: 20 fractional bits.
///
/// Sums of similarities are whole numbers in this unit, so that they are exact and the order of adding does not matter.
pub(crate) const ONE: u32 = 1 << 20;

/// The height of a merge that no threshold undoes: equal keywords and those that a person put together.
pub(crate) const FIXED: u32 = u32::MAX;

/// An id as a position.
#[inline]
pub(crate) fn place(id: u32) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

/// A position as an id. Beyond four thousand million there are none; memory ends earlier.
pub(crate) fn id(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// A count as a factor.
pub(crate) fn real(count: usize) -> f64 {
    f64::from(id(count))
}

/// A similarity in fixed point, rounded; below zero and not-a-number become zero.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the standard library has no other way from float to integer; it saturates"
)]
pub(crate) fn fixed(similarity: f64) -> u32 {
    (similarity * f64::from(ONE)).round() as u32
}

/// A similarity from fixed point, at most one.
pub(crate) fn share(fixed: u32) -> f64 {
    (f64::from(fixed) / f64::from(ONE)).min(1.0)
}

/// A weight in fixed point with 15 fractional bits, at least the smallest.
pub(crate) fn weight(weight: f64) -> u32 {
    (fixed(weight) >> 5).max(1)
}

/// A sum of products of two weights, as a similarity.
pub(crate) fn product(sum: u32) -> u32 {
    sum >> 10
}
