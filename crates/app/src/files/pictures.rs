//! Pictures: one's own lose what cameras write into them, those of others are decoded here, within limits, and encoded again
//! before a page sees them.

use super::{cannot_read, too_large, unharmed};
use crate::dto::Refusal;
use client::{PICTURE_POINTS_MAX, Picture, THUMBNAIL_BYTES_MAX};
use data_encoding::BASE64;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::metadata::Orientation;
use image::{
    DynamicImage, ImageBuffer, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
};
use std::io::Cursor;

/// A picture as it is shown has at most so many points a side.
const SHOWN_SIDE_MAX: u32 = 2_560;
/// A thumbnail has at most so many points a side.
const THUMBNAIL_SIDE_MAX: u32 = 320;
/// Of others a thumbnail with more points a side is not decoded.
const THUMBNAIL_READ_MAX: u32 = 1_024;
/// Memory that decoding one picture may take.
const PICTURE_MEMORY: u64 = 512 << 20;
const THUMBNAIL_MEMORY: u64 = 16 << 20;
/// Of a photograph that is encoded again.
const PHOTO_QUALITY: u8 = 90;
/// A thumbnail takes the first of these with which it is small enough: points a side, and quality.
const THUMBNAILS: [(u32, u8); 7] = [
    (THUMBNAIL_SIDE_MAX, 75),
    (THUMBNAIL_SIDE_MAX, 60),
    (THUMBNAIL_SIDE_MAX, 45),
    (THUMBNAIL_SIDE_MAX, 30),
    (240, 30),
    (160, 30),
    (80, 30),
];

/// A picture ready to be sent.
pub(super) struct Cleaned {
    /// Its bytes: the points, and nothing else.
    pub(super) bytes: Vec<u8>,
    /// How its name ends.
    pub(super) ending: &'static str,
    pub(super) picture: Picture,
}

/// The format of bytes that begin so, if it is one that is read.
pub(super) fn format_of(head: &[u8]) -> Option<ImageFormat> {
    image::guess_format(head)
        .ok()
        .filter(|format| matches!(format, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP))
}

/// Encodes a picture again without anything but its points, turned as its camera says; of a moving one the first picture.
pub(super) fn cleaned(bytes: &[u8], format: ImageFormat) -> Result<Cleaned, Refusal> {
    let decoded = unharmed(|| Some(decode(bytes, format, PICTURE_POINTS_MAX, PICTURE_MEMORY)));
    let picture = match decoded.unwrap_or(Err(Undecodable::Damaged)) {
        Ok(picture) => picture,
        Err(Undecodable::Large) => {
            return Err(too_large(
                "a picture has at most 50 megapixels; make it smaller and attach it again",
            ));
        }
        Err(Undecodable::Damaged) => {
            return Err(cannot_read(
                "the picture cannot be decoded, so that what it says besides cannot be taken out; save it anew, or put it \
                 into an archive to send it as it is",
            ));
        }
    };
    let as_photo =
        format == ImageFormat::Jpeg || (format == ImageFormat::WebP && !picture.color().has_alpha());
    let encoded = if as_photo {
        jpeg(&picture.to_rgb8(), PHOTO_QUALITY)
    } else {
        png(&picture)
    };
    let thumbnail = thumbnail(&picture);
    let (Some(bytes), Some(thumbnail)) = (encoded, thumbnail) else {
        return Err(cannot_read("the picture cannot be encoded again"));
    };
    Ok(Cleaned {
        bytes,
        ending: if as_photo { "jpg" } else { "png" },
        picture: Picture {
            width: picture.width(),
            height: picture.height(),
            thumbnail,
        },
    })
}

/// Somebody's picture as a data URL that a page may show.
pub(crate) fn picture_url(bytes: &[u8]) -> Option<String> {
    shown(bytes, PICTURE_POINTS_MAX, PICTURE_MEMORY, SHOWN_SIDE_MAX)
}

/// Somebody's thumbnail as a data URL that a page may show.
pub(super) fn thumbnail_url(bytes: &[u8]) -> Option<String> {
    let points = u64::from(THUMBNAIL_READ_MAX) * u64::from(THUMBNAIL_READ_MAX);
    shown(bytes, points, THUMBNAIL_MEMORY, THUMBNAIL_SIDE_MAX)
}

fn shown(bytes: &[u8], points_max: u64, memory: u64, side_max: u32) -> Option<String> {
    // Whoever cleans its pictures sends no other; a decoder that is not needed is one less to be deceived.
    let format = format_of(bytes).filter(|format| matches!(format, ImageFormat::Jpeg | ImageFormat::Png))?;
    let encoded = unharmed(|| {
        let picture = decode(bytes, format, points_max, memory).ok()?;
        png(&smaller(&picture, side_max))
    })?;
    Some(format!("data:image/png;base64,{}", BASE64.encode(&encoded)))
}

enum Undecodable {
    Large,
    Damaged,
}

impl Undecodable {
    const fn of(error: &ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::Large,
            _ => Self::Damaged,
        }
    }
}

/// The points of a picture, turned as they are to be seen. What it says of its size is judged before anything is decoded.
fn decode(
    bytes: &[u8],
    format: ImageFormat,
    points_max: u64,
    memory: u64,
) -> Result<DynamicImage, Undecodable> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(memory);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|error| Undecodable::of(&error))?;
    let (width, height) = decoder.dimensions();
    let points = u64::from(width).saturating_mul(u64::from(height));
    if points > points_max || decoder.total_bytes() > memory {
        return Err(Undecodable::Large);
    }
    let turned = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| Undecodable::of(&error))?;
    picture.apply_orientation(turned);
    Ok(picture)
}

fn smaller(picture: &DynamicImage, side: u32) -> DynamicImage {
    if picture.width() > side || picture.height() > side {
        picture.thumbnail(side, side)
    } else {
        picture.clone()
    }
}

fn thumbnail(picture: &DynamicImage) -> Option<Vec<u8>> {
    let first = on_white(&smaller(picture, THUMBNAIL_SIDE_MAX));
    THUMBNAILS.into_iter().find_map(|(side, quality)| {
        let small = smaller(&DynamicImage::ImageRgb8(first.clone()), side).to_rgb8();
        jpeg(&small, quality).filter(|bytes| bytes.len() <= THUMBNAIL_BYTES_MAX)
    })
}

/// What is transparent is white.
fn on_white(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let seen = picture.to_rgba8();
    ImageBuffer::from_fn(seen.width(), seen.height(), |x, y| {
        let image::Rgba([r, g, b, alpha]) = *seen.get_pixel(x, y);
        let alpha = u16::from(alpha);
        let over_white = |value: u8| {
            let mixed = u16::from(value)
                .saturating_mul(alpha)
                .saturating_add(255_u16.saturating_mul(255_u16.saturating_sub(alpha)));
            u8::try_from(mixed / 255).unwrap_or(u8::MAX)
        };
        Rgb([over_white(r), over_white(g), over_white(b)])
    })
}

fn jpeg(picture: &RgbImage, quality: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
    picture.write_with_encoder(encoder).ok()?;
    Some(bytes)
}

fn png(picture: &DynamicImage) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    if picture.color().has_alpha() {
        picture.to_rgba8().write_with_encoder(encoder).ok()?;
    } else {
        picture.to_rgb8().write_with_encoder(encoder).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::PICTURE_POINTS_MAX;

    /// A picture of two halves, red left and blue right.
    fn halves(width: u32, height: u32) -> RgbImage {
        ImageBuffer::from_fn(width, height, |x, _| {
            if x < width / 2 {
                Rgb([250, 0, 0])
            } else {
                Rgb([0, 0, 250])
            }
        })
    }

    /// What a camera writes: turned by 90 degrees (6), and where it was, 55° 45′ N.
    fn exif() -> Vec<u8> {
        let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
            [
                tag.to_be_bytes().as_slice(),
                &kind.to_be_bytes(),
                &count.to_be_bytes(),
                &value,
            ]
            .concat()
        };
        let mut tiff = b"MM\0\x2a\0\0\0\x08".to_vec();
        tiff.extend(2u16.to_be_bytes());
        tiff.extend(entry(0x0112, 3, 1, [0, 6, 0, 0]));
        tiff.extend(entry(0x8825, 4, 1, 38u32.to_be_bytes()));
        tiff.extend([0; 4]);
        tiff.extend(2u16.to_be_bytes());
        tiff.extend(entry(1, 2, 2, *b"N\0\0\0"));
        tiff.extend(entry(2, 5, 3, 68u32.to_be_bytes()));
        tiff.extend([0; 4]);
        for number in [55u32, 1, 45, 1, 0, 1] {
            tiff.extend(number.to_be_bytes());
        }
        [b"Exif\0\0".as_slice(), &tiff].concat()
    }

    fn photo() -> Vec<u8> {
        let plain = jpeg(&halves(64, 32), 90).unwrap();
        let exif = exif();
        let len = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let comment = b"\xff\xfe\x00\x0bAnna's o!";
        [&plain[..2], b"\xff\xe1", &len, &exif, comment, &plain[2..]].concat()
    }

    fn contains(bytes: &[u8], what: &[u8]) -> bool {
        bytes.windows(what.len()).any(|window| window == what)
    }

    fn decoded(bytes: &[u8]) -> DynamicImage {
        image::load_from_memory(bytes).unwrap()
    }

    #[test]
    fn a_photograph_loses_where_it_was_taken_and_stands_upright() {
        let photo = photo();
        assert!(contains(&photo, b"Exif") && contains(&photo, b"Anna"));
        let cleaned = cleaned(&photo, format_of(&photo).unwrap()).unwrap();
        for bytes in [&cleaned.bytes, &cleaned.picture.thumbnail] {
            assert!(!contains(bytes, b"Exif") && !contains(bytes, b"Anna") && !contains(bytes, b"MM\0\x2a"));
            let mut decoder = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg)
                .into_decoder()
                .unwrap();
            assert_eq!(decoder.exif_metadata().unwrap(), None);
            // Red was left; turned by 90 degrees it is above.
            let picture = decoded(bytes).to_rgb8();
            assert_eq!((picture.width(), picture.height()), (32, 64));
            assert!(picture.get_pixel(16, 8).0[0] > 200 && picture.get_pixel(16, 56).0[2] > 200);
        }
        assert_eq!((cleaned.picture.width, cleaned.picture.height), (32, 64));
        assert_eq!(cleaned.ending, "jpg");
    }

    #[test]
    fn a_png_loses_its_texts_and_keeps_what_is_transparent() {
        let mut picture = DynamicImage::ImageRgb8(halves(700, 500)).to_rgba8();
        picture.put_pixel(0, 0, image::Rgba([9, 9, 9, 0]));
        let plain = png(&DynamicImage::ImageRgba8(picture)).unwrap();
        // A text chunk behind the header; its checksum is that of these bytes.
        let text = b"tEXtAuthor\0Anna";
        let crc = text.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        });
        let len = u32::try_from(text.len() - 4).unwrap().to_be_bytes();
        let told = [&plain[..33], &len, text, &(!crc).to_be_bytes(), &plain[33..]].concat();
        let cleaned = cleaned(&told, ImageFormat::Png).unwrap();
        assert!(!contains(&cleaned.bytes, b"Anna"));
        assert_eq!(decoded(&cleaned.bytes).to_rgba8().get_pixel(0, 0).0[3], 0);
        assert!(cleaned.picture.thumbnail.len() <= THUMBNAIL_BYTES_MAX);
        let small = decoded(&cleaned.picture.thumbnail);
        assert_eq!((small.width(), small.height()), (320, 229));
    }

    #[test]
    fn a_thumbnail_of_noise_is_small_enough() {
        let mut state = 1u32;
        let noise: RgbImage = ImageBuffer::from_fn(900, 900, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [r, g, b, _] = state.to_be_bytes();
            Rgb([r, g, b])
        });
        let cleaned = cleaned(&jpeg(&noise, 95).unwrap(), ImageFormat::Jpeg).unwrap();
        assert!(cleaned.picture.is_within_limits());
    }

    #[test]
    fn what_is_not_a_whole_picture_is_neither_sent_nor_shown() {
        let photo = photo();
        assert!(cleaned(&photo[..photo.len() / 3], ImageFormat::Jpeg).is_err());
        assert_eq!(picture_url(&photo[..40]), None);
        assert_eq!(picture_url(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), None);
        assert_eq!(picture_url(b"GIF89a\x01\x00\x01\x00"), None);
        assert_eq!(thumbnail_url(b""), None);
    }

    #[test]
    fn a_picture_that_claims_to_be_huge_is_not_decoded() {
        // A header of 60,000 by 60,000 points, and nothing behind it.
        let mut claim = png(&DynamicImage::ImageRgb8(halves(2, 2))).unwrap();
        claim[16..20].copy_from_slice(&60_000u32.to_be_bytes());
        claim[20..24].copy_from_slice(&60_000u32.to_be_bytes());
        let crc = claim[12..29].iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        });
        claim[29..33].copy_from_slice(&(!crc).to_be_bytes());
        let refusal = cleaned(&claim, ImageFormat::Png).err().unwrap();
        assert_eq!(refusal.code, crate::dto::RefusalCode::TooLarge, "{refusal:?}");
        assert_eq!(picture_url(&claim), None);
        const { assert!(60_000 * 60_000 > PICTURE_POINTS_MAX) };
    }

    #[test]
    fn what_a_page_is_shown_was_encoded_here() {
        let photo = photo();
        let url = picture_url(&photo).unwrap();
        let encoded = url.strip_prefix("data:image/png;base64,").unwrap();
        let bytes = BASE64.decode(encoded.as_bytes()).unwrap();
        assert!(!contains(&bytes, b"Exif") && !contains(&bytes, b"Anna"));
        assert_eq!(decoded(&bytes).width(), 32);
        let large = jpeg(&halves(3_000, 30), 50).unwrap();
        let url = picture_url(&large).unwrap();
        let bytes = BASE64.decode(&url.as_bytes()[22..]).unwrap();
        assert_eq!(decoded(&bytes).width(), SHOWN_SIDE_MAX);
        assert_eq!(thumbnail_url(&jpeg(&halves(2_000, 1_000), 50).unwrap()), None);
    }
}
