//! The old API, asked for one thing: whether it takes a password. There the password is in the body, so a web server that drops headers does
//! not keep it from arriving.

use http::Request;
use http::header::CONTENT_TYPE;
use outbound::Body;
use secrecy::{ExposeSecret as _, SecretString};

use super::{Root, Wire};

/// Whether WordPress takes the password; `None` where it does not say.
pub(super) async fn accepts(wire: &Wire, root: &Root, username: &str, password: &SecretString) -> Option<bool> {
    let url = root.site().join("xmlrpc.php").ok()?;
    let call = format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>wp.getUsersBlogs</methodName><params>{}{}</params></methodCall>",
        parameter(username),
        parameter(password.expose_secret()),
    );
    let request = Request::post(url.as_str()).header(CONTENT_TYPE, "text/xml").body(Body::from(call)).ok()?;
    let response = wire.send(request).await.ok()?;
    read(&String::from_utf8_lossy(response.body()))
}

fn read(answer: &str) -> Option<bool> {
    if !answer.contains("<methodResponse>") {
        return None;
    }
    if !answer.contains("<fault>") {
        return Some(true);
    }
    // "Incorrect username or password."; any other fault says nothing of the password.
    answer.contains("<int>403</int>").then_some(false)
}

fn parameter(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<param><value><string>{text}</string></value></param>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_another_kind_says_nothing_of_the_password() {
        let fault =
            |code: u16| format!("<methodResponse><fault><value><int>{code}</int></value></fault></methodResponse>");
        assert_eq!(read(&fault(403)), Some(false));
        assert_eq!(read(&fault(405)), None);
        assert_eq!(read("<methodResponse><params></params></methodResponse>"), Some(true));
        assert_eq!(read("<html>Forbidden</html>"), None);
    }
}
