//! CBOR items of a file that comes in portions: never more of it is held than one portion and one item.

use minicbor::{Decode, Decoder, Encode, Encoder};
use primitives::{Malformed, decode_canonical};

const CUT_SHORT: Malformed = Malformed::Undecodable("audit file that ends where it should");

/// What has come of a file and was not read yet.
#[derive(Debug, Default)]
pub(super) struct Items {
    bytes: Vec<u8>,
    /// How many of them were read.
    at: usize,
    ended: bool,
}

impl Items {
    /// Takes the file's next bytes.
    pub(super) fn feed(&mut self, portion: &[u8]) {
        self.bytes.drain(..self.at.min(self.bytes.len()));
        self.at = 0;
        self.bytes.extend_from_slice(portion);
    }

    /// There are no more.
    pub(super) const fn end(&mut self) {
        self.ended = true;
    }

    /// Whether everything was read.
    pub(super) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The head of an array: how many elements it claims to have. `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`Malformed`].
    pub(super) fn array(&mut self) -> Result<Option<u64>, Malformed> {
        let mut decoder = Decoder::new(self.rest());
        let len = match decoder.array() {
            Ok(len) => len.ok_or(Malformed::NotCanonical("array"))?,
            Err(error) if error.is_end_of_input() && !self.ended => return Ok(None),
            Err(_) => return Err(Malformed::Undecodable("array")),
        };
        let read = decoder.position();
        let mut head = Encoder::new(Vec::new());
        let written = head.array(len).is_ok();
        if !written || self.rest().get(..read) != Some(head.writer().as_slice()) {
            return Err(Malformed::NotCanonical("array"));
        }
        self.at = self.at.saturating_add(read);
        Ok(Some(len))
    }

    /// An array's head that must claim `len` elements. False if more bytes are needed.
    ///
    /// # Errors
    /// [`Malformed`].
    pub(super) fn array_of(&mut self, len: u64) -> Result<bool, Malformed> {
        match self.array()? {
            None => Ok(false),
            Some(claimed) if claimed == len => Ok(true),
            Some(_) => Err(Malformed::Undecodable("part of an audit file")),
        }
    }

    /// The next item, of at most `max` bytes. `None` if more bytes are needed.
    ///
    /// # Errors
    /// [`Malformed`].
    pub(super) fn value<T>(&mut self, max: usize) -> Result<Option<T>, Malformed>
    where
        T: for<'b> Decode<'b, ()> + Encode<()>,
    {
        let rest = self.rest();
        let mut decoder = Decoder::new(rest);
        let len = match decoder.skip() {
            Ok(()) => decoder.position(),
            Err(error) if !error.is_end_of_input() => {
                return Err(Malformed::Undecodable("part of an audit file"));
            }
            Err(_) if rest.len() > max => rest.len(),
            Err(_) if self.ended => return Err(CUT_SHORT),
            Err(_) => return Ok(None),
        };
        if len > max {
            return Err(Malformed::TooLong { len, max });
        }
        let value = decode_canonical(rest.get(..len).unwrap_or_default())?;
        self.at = self.at.saturating_add(len);
        Ok(Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use primitives::encode;

    /// Everything that is read of bytes which come in portions of `size`: an array's elements.
    fn read(bytes: &[u8], size: usize, max: usize) -> Result<Vec<Vec<u64>>, Malformed> {
        let mut items = Items::default();
        let (mut left, mut values) = (None, Vec::new());
        let mut portions = bytes.chunks(size);
        loop {
            let ready = match left {
                None => {
                    left = items.array()?;
                    left.is_some()
                }
                Some(0) => return Ok(values),
                Some(more) => match items.value(max)? {
                    Some(value) => {
                        values.push(value);
                        left = Some(more - 1);
                        true
                    }
                    None => false,
                },
            };
            if !ready {
                match portions.next() {
                    Some(portion) => items.feed(portion),
                    None => items.end(),
                }
            }
        }
    }

    #[test]
    fn items_that_come_in_any_portions_are_the_same() {
        let values = vec![vec![1, 2, 3], vec![], vec![u64::MAX; 30]];
        let bytes = encode(&values);
        for size in 1..=bytes.len() {
            assert_eq!(read(&bytes, size, 300).unwrap(), values);
        }
        for cut in 0..bytes.len() {
            assert!(read(&bytes[..cut], 7, 300).is_err(), "cut at {cut}");
        }
        assert!(matches!(read(&bytes, 7, 200), Err(Malformed::TooLong { .. })));
    }

    #[test]
    fn lengths_that_are_claimed_are_not_believed_and_other_encodings_are_refused() {
        let huge = [&[0x9b][..], &[0xff; 8]].concat();
        assert!(read(&huge, 3, 100).is_err());
        for wrong in [
            &[0x9f, 0xff][..],
            &[0x98, 0x01, 0x80],
            &[0x81, 0x9f, 0xff],
            &[0x81, 0x5b, 0x7f],
            &[0xa0],
        ] {
            assert!(read(wrong, 1, 100).is_err(), "{wrong:?}");
        }
        let mut claims = vec![0x81, 0x5b];
        claims.extend([0x7f; 8]);
        claims.extend([0; 200]);
        assert!(matches!(read(&claims, 1, 100), Err(Malformed::TooLong { .. })));
    }
}
