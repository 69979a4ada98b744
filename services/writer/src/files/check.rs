//! What may be stored as a picture.

use rpc::{Error, Kind, Result};

use super::dimensions::{self, Header};

/// The largest file.
pub(crate) const MAX_BYTES: usize = 20 * 1024 * 1024;

/// The longest side and the most pixels: whoever shows a picture has to hold all of them in memory.
const MAX_SIDE: u32 = 12_000;
const MAX_PIXELS: u64 = 40_000_000;

/// The header of a picture that may be stored.
pub(crate) fn check(bytes: &[u8]) -> Result<Header> {
    if bytes.is_empty() {
        return Err(refused("FILE_EMPTY", "The file is empty. Choose another one.".to_owned()));
    }
    if bytes.len() > MAX_BYTES {
        return Err(too_large());
    }
    let header = dimensions::read(bytes).ok_or_else(|| {
        let message = "This is not a picture that can be stored: it has to be a PNG, JPEG, WebP or GIF, whatever its name \
                       says. Save it as one of these and send it again.";
        refused("FILE_TYPE", message.to_owned())
    })?;
    let Header { width, height, .. } = header;
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        let message = format!(
            "The picture is {width} × {height} pixels. At most {MAX_SIDE} on a side and 40 million in all can be stored: make \
             it smaller and send it again."
        );
        return Err(refused("PICTURE_TOO_LARGE", message));
    }
    Ok(header)
}

/// The answer to more bytes than may be stored.
pub(crate) fn too_large() -> Error {
    let message = "The file is larger than 20 MiB. Save the picture smaller and send it again.";
    refused("FILE_TOO_LARGE", message.to_owned())
}

fn refused(reason: &'static str, message: String) -> Error {
    Error::new(Kind::InvalidArgument, reason, message.clone()).with_violation("file", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes()].concat()
    }

    #[test]
    fn what_nobody_could_show_is_refused() {
        let reason = |bytes: &[u8]| check(bytes).unwrap_err().reason().to_owned();
        assert_eq!(reason(b""), "FILE_EMPTY");
        assert_eq!(reason(b"<svg/>"), "FILE_TYPE");
        assert_eq!(reason(&png(50_000, 50_000)), "PICTURE_TOO_LARGE");
        assert_eq!(reason(&png(12_001, 1)), "PICTURE_TOO_LARGE");
        assert_eq!(reason(&png(8000, 5001)), "PICTURE_TOO_LARGE");
        assert_eq!(reason(&vec![0; MAX_BYTES + 1]), "FILE_TOO_LARGE");
        assert!(check(&png(8000, 5000)).is_ok());
    }
}
