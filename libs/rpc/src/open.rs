use contracts::Validate;
use tonic::{Request, Streaming};
use uuid::Uuid;

use crate::{Caller, Error, Peer, Result, Service};

/// Begins a handler of a method that needs a token: the verified caller and the validated message.
pub fn open<T: Validate>(request: Request<T>) -> Result<(Caller, T)> {
    unpack(request)
}

/// Begins a handler of a public method: what is known of the client, and the validated message.
pub fn open_public<T: Validate>(request: Request<T>) -> Result<(Peer, T)> {
    unpack(request)
}

/// Begins a handler of an internal method: the calling service, and the validated message.
pub fn open_internal<T: Validate>(request: Request<T>) -> Result<(Service, T)> {
    unpack(request)
}

/// Begins a handler of an upload: the verified caller, the validated first message, and what follows it. The first message holds the fields
/// of the form and the file's name, and every message a piece of the file. A stream that ends in an error was broken off: what came of it
/// is no file.
pub async fn open_upload<T: Validate + 'static>(request: Request<Streaming<T>>) -> Result<(Caller, T, Streaming<T>)> {
    let (metadata, extensions, mut stream) = request.into_parts();
    let first = stream.message().await?;
    let first = first.ok_or_else(|| Error::invalid("file", "There is no file. Choose one and send it again."))?;
    let (caller, first) = unpack(Request::from_parts(metadata, extensions, first))?;
    Ok((caller, first, stream))
}

/// What is known of the client of any call.
pub fn peer<T>(request: &Request<T>) -> Peer {
    match request.extensions().get::<Peer>() {
        Some(peer) => peer.clone(),
        None => Peer::of(request.metadata().as_ref()),
    }
}

/// A handler behind no access layer, or one that opens a method of another kind, finds nothing here and answers an internal error.
fn unpack<C: Send + Sync + 'static, T: Validate>(mut request: Request<T>) -> Result<(C, T)> {
    let caller = request.extensions_mut().remove::<C>().ok_or_else(|| {
        Error::internal(anyhow::anyhow!("the access layer left no {} with the call", std::any::type_name::<C>()))
    })?;
    let message = request.into_inner();
    match message.violations() {
        violations if violations.is_empty() => Ok((caller, message)),
        violations => Err(Error::invalid_fields(violations)),
    }
}

/// The id in a field of a request.
pub fn id(field: &str, text: &str) -> Result<Uuid> {
    Uuid::try_parse(text)
        .map_err(|_| Error::invalid(field, "This is not an id. Ids look like 01890a5d-ac96-774b-bcce-b302099a8057."))
}

#[cfg(test)]
mod tests {
    use contracts::Violation;

    use super::*;

    #[derive(Debug)]
    struct Message(Vec<Violation>);

    impl Validate for Message {
        fn violations(&self) -> Vec<Violation> {
            self.0.iter().map(|v| Violation { field: v.field.clone(), message: v.message.clone() }).collect()
        }
    }

    fn request(violations: &[&str]) -> Request<Message> {
        let violation = |field: &&str| Violation { field: (*field).to_owned(), message: "Is needed.".into() };
        let mut request = Request::new(Message(violations.iter().map(violation).collect()));
        request.extensions_mut().insert(Peer::default());
        request
    }

    #[test]
    fn a_valid_message_opens() {
        assert!(open_public(request(&[])).is_ok());
    }

    #[test]
    fn an_invalid_one_names_its_fields() {
        let one = open_public(request(&["name"])).unwrap_err();
        assert_eq!((one.reason(), one.message(), one.violations().len()), ("INVALID_FIELD", "Is needed.", 1));
        let two = open_public(request(&["name", "domain"])).unwrap_err();
        assert_eq!(two.violations().iter().map(|v| v.field.as_str()).collect::<Vec<_>>(), ["name", "domain"]);
    }

    #[test]
    fn a_call_that_passed_no_access_layer_does_not_open() {
        assert_eq!(open(request(&[])).unwrap_err().kind(), crate::Kind::Internal);
        assert_eq!(open_internal(request(&[])).unwrap_err().kind(), crate::Kind::Internal);
    }

    #[test]
    fn a_bad_id_is_a_violation_of_its_field() {
        assert_eq!(id("site_id", "7").unwrap_err().violations()[0].field, "site_id");
    }
}
