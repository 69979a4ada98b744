//! What a picture is and how large, from its first bytes: nothing is decoded, so that a small file that unfolds to gigabytes does no harm.

/// The header of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub content_type: &'static str,
    /// Pixels.
    pub width: u32,
    pub height: u32,
}

/// Reads the header of a PNG, JPEG, WebP or GIF; `None` for anything else, and for one that is cut off or damaged.
pub(crate) fn read(bytes: &[u8]) -> Option<Header> {
    let (content_type, (width, height)) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        ("image/png", png(bytes)?)
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        ("image/jpeg", jpeg(bytes)?)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12)? == b"WEBP" {
        ("image/webp", webp(bytes)?)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        ("image/gif", (little(bytes, 6, 2)?, little(bytes, 8, 2)?))
    } else {
        return None;
    };
    (width > 0 && height > 0).then_some(Header { content_type, width, height })
}

fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    (bytes.get(12..16)? == b"IHDR").then_some((big(bytes, 16, 4)?, big(bytes, 20, 4)?))
}

/// Segment by segment to the one that begins a frame.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        match *bytes.get(at + 1)? {
            0xff => at += 1,
            0x01 | 0xd0..=0xd8 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((big(bytes, at + 7, 2)?, big(bytes, at + 5, 2)?));
            }
            0xd9 | 0xda => return None,
            _ => at += 2 + usize::try_from(big(bytes, at + 2, 2)?).ok().filter(|length| *length >= 2)?,
        }
    }
}

/// Its three forms: lossy, lossless, and the one with a header of its own.
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(12..16)? {
        b"VP8 " if bytes.get(23..26)? == b"\x9d\x01\x2a" => {
            Some((little(bytes, 26, 2)? & 0x3fff, little(bytes, 28, 2)? & 0x3fff))
        }
        b"VP8L" if *bytes.get(20)? == 0x2f => {
            let packed = little(bytes, 21, 4)?;
            Some(((packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1))
        }
        b"VP8X" => Some((little(bytes, 24, 3)? + 1, little(bytes, 27, 3)? + 1)),
        _ => None,
    }
}

fn big(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    Some(bytes.get(at..at.checked_add(length)?)?.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte)))
}

fn little(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u32::from(*byte)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn png_of(width: u32, height: u32) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes()].concat()
    }

    #[test]
    fn each_kind_tells_its_size() {
        let webp = |form: &[u8]| [b"RIFF\0\0\0\0WEBP".as_slice(), form].concat();
        let frame = b"\xff\xc2\0\x11\x08\x02\x76\x04\xb0\x03";
        let jpeg = [b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xdb\0\x03c".as_slice(), frame].concat();
        for (bytes, content_type, size) in [
            (png_of(1200, 630), "image/png", (1200, 630)),
            (b"GIF89a\x02\0\x03\0".to_vec(), "image/gif", (2, 3)),
            (jpeg, "image/jpeg", (1200, 630)),
            (webp(b"VP8 \0\0\0\0abc\x9d\x01\x2a\xb0\x04\x76\x02"), "image/webp", (1200, 630)),
            (webp(b"VP8L\0\0\0\0\x2f\xaf\x44\x9d\0"), "image/webp", (1200, 630)),
            (webp(b"VP8X\0\0\0\0\0\0\0\0\xaf\x04\0\x75\x02\0"), "image/webp", (1200, 630)),
        ] {
            let header = Header { content_type, width: size.0, height: size.1 };
            assert_eq!(read(&bytes), Some(header), "{content_type}");
        }
    }

    #[test]
    fn a_name_makes_no_picture() {
        for bytes in [b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".as_slice(), b"", b"%PDF-1.7", b"\xff\xd8\xff"] {
            assert_eq!(read(bytes), None);
        }
        assert_eq!(read(&png_of(0, 630)), None);
    }

    proptest! {
        #[test]
        fn no_bytes_disturb_it(start in 0_usize..4, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let starts = [b"\x89PNG\r\n\x1a\n".as_slice(), b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8L", b"GIF89a"];
            let _ = read(&[starts[start], &bytes].concat());
        }
    }
}
