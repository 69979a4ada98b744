//! The connection doctor: finds the API, signs in, asks what the user may do, and says what is wrong and how to put it right. It writes
//! nothing on the site.

use std::time::Duration;

use contracts::publisher::v1 as pb;
use secrecy::SecretString;
use serde_json::Value;

use super::discovery::{Found, discover};
use super::{Answer, Class, Fault, Root, Site, Wire, xml_rpc};

/// Less than whoever asked waits.
const PATIENCE: Duration = Duration::from_secs(50);

/// What publishing takes, in the words of WordPress and of people.
const NEEDED: &[(&str, &str)] =
    &[("edit_posts", "write posts"), ("publish_posts", "publish posts"), ("upload_files", "upload pictures")];

/// Plugins whose fields show in the list of what can be written.
const SEO_PLUGINS: &[(&str, &str)] = &[
    ("_yoast_wpseo_metadesc", "yoast"),
    ("rank_math_description", "rank_math"),
    ("_seopress_titles_desc", "seopress"),
];

/// What was found, and where the API is as far as that is known.
#[derive(Debug)]
pub struct Examination {
    pub root: Option<Root>,
    pub diagnosis: pb::ConnectionDiagnosis,
}

/// Who is to be let in where.
#[derive(Debug, Clone, Copy)]
pub struct Patient<'p> {
    pub address: &'p str,
    pub username: &'p str,
    pub password: &'p SecretString,
}

/// Examines a site. A site that answers each request late is too slow as a whole.
pub async fn examine(wire: &Wire, patient: Patient<'_>) -> Examination {
    tokio::time::timeout(PATIENCE, look(wire, patient)).await.unwrap_or_else(|_| {
        let mut diagnosis = pb::ConnectionDiagnosis::default();
        let host = Root::parse(patient.address).map(|root| root.host().to_owned()).unwrap_or_default();
        tell(&mut diagnosis, &Fault::before(Class::TooSlow, &host));
        Examination { root: None, diagnosis }
    })
}

async fn look(wire: &Wire, patient: Patient<'_>) -> Examination {
    let mut diagnosis = pb::ConnectionDiagnosis::default();
    let found = match discover(wire, patient.address).await {
        Ok(found) => found,
        Err(fault) => {
            tell(&mut diagnosis, &fault);
            return Examination { root: None, diagnosis };
        }
    };
    found.root.as_str().clone_into(&mut diagnosis.rest_root);
    diagnosis.site_name = text(&found.index, "name");
    match sign_in(wire, patient, &found).await {
        Ok((user, writable)) => {
            diagnosis.works = true;
            "Articles can be published on this site.".clone_into(&mut diagnosis.what);
            describe(&mut diagnosis, &found, &user, writable.as_ref());
        }
        Err(fault) => tell(&mut diagnosis, &fault),
    }
    Examination { root: Some(found.root), diagnosis }
}

fn tell(diagnosis: &mut pb::ConnectionDiagnosis, fault: &Fault) {
    diagnosis.problem = Some(fault.problem().into());
    diagnosis.what = fault.what();
    diagnosis.fix = fault.fix();
}

/// The user as WordPress knows it, and what can be written where the site tells.
async fn sign_in(wire: &Wire, patient: Patient<'_>, found: &Found) -> Result<(Value, Option<Value>), Fault> {
    let site = Site::new(wire.clone(), found.root.clone(), patient.username, patient.password);
    let fields = [("context", "edit"), ("_fields", "name,roles,capabilities")];
    let user = match site.get("/wp/v2/users/me", &fields).await {
        Ok(Answer { body, .. }) => body,
        Err(fault) if fault.class() == Class::Unauthorized => return Err(why(wire, patient, found, &fault).await),
        // A page for people where the API answered a moment ago: something looks at who is asking.
        Err(fault) => return Err(fault),
    };
    let may =
        |capability: &str| user.get("capabilities").and_then(|all| all.get(capability)) == Some(&Value::Bool(true));
    let missing: Vec<_> = NEEDED.iter().filter(|(capability, _)| !may(capability)).map(|&(_, words)| words).collect();
    if !missing.is_empty() {
        return Err(Fault::before(Class::RoleTooLow, found.root.host()).with_detail(missing.join(", ")));
    }
    // What cannot be asked is not written.
    let writable = site.options("/wp/v2/posts").await.ok().map(|answer| answer.body);
    Ok((user, writable))
}

/// Why the site did not let us sign in. WordPress says the same of a wrong password and of one that never arrived.
async fn why(wire: &Wire, patient: Patient<'_>, found: &Found, fault: &Fault) -> Fault {
    let host = found.root.host();
    let offered = found.index.get("authentication").and_then(|ways| ways.get("application-passwords"));
    let is_wrong = matches!(fault.code(), "incorrect_password" | "invalid_username" | "invalid_email");
    if offered.is_none() || fault.code() == "application_passwords_disabled" {
        return Fault::before(Class::PasswordsOff, host);
    }
    if is_wrong {
        return Fault::before(Class::WrongPassword, host);
    }
    match xml_rpc::accepts(wire, &found.root, patient.username, patient.password).await {
        Some(true) => Fault::before(Class::AuthorizationStripped, host),
        _ => Fault::before(Class::WrongPassword, host),
    }
}

fn describe(diagnosis: &mut pb::ConnectionDiagnosis, found: &Found, user: &Value, writable: Option<&Value>) {
    let roles = user.get("roles").and_then(Value::as_array);
    diagnosis.roles = roles.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let categories = user.get("capabilities").and_then(|all| all.get("manage_categories"));
    diagnosis.can_manage_categories = categories == Some(&Value::Bool(true));
    let fields = writable.and_then(|posts| posts.pointer("/schema/properties/meta/properties"));
    let plugin = SEO_PLUGINS.iter().find(|(field, _)| fields.is_some_and(|fields| fields.get(field).is_some()));
    plugin.map_or("", |(_, plugin)| plugin).clone_into(&mut diagnosis.seo_plugin);
    diagnosis.advice = advice(diagnosis, found);
}

fn advice(diagnosis: &pb::ConnectionDiagnosis, found: &Found) -> Vec<pb::ConnectionAdvice> {
    let mut advice = Vec::new();
    let mut add = |code: &str, what: &str, fix: &str| {
        advice.push(pb::ConnectionAdvice { code: code.to_owned(), what: what.to_owned(), fix: fix.to_owned() });
    };
    if found.is_detour {
        add(
            "wp_json_blocked",
            "The API does not answer under /wp-json/. Publishing takes another way, which works too.",
            "Save the permalinks once more in WordPress under Settings, Permalinks, or let the firewall pass /wp-json/.",
        );
    } else if found.root.is_plain() {
        add(
            "plain_permalinks",
            "The addresses of this site are plain, as /?p=123. Publishing works, but the words of an address are lost on readers and \
             search engines.",
            "Choose Post name in WordPress under Settings, Permalinks.",
        );
    }
    if !diagnosis.can_manage_categories {
        add(
            "no_categories",
            "This user cannot make categories. Articles get those that are there already.",
            "Give the user the role Editor, or make the categories in WordPress first.",
        );
    }
    if diagnosis.seo_plugin.is_empty() {
        add(
            "no_seo_fields",
            "The site does not let SEO titles and descriptions be written. The description becomes the excerpt of the article.",
            "Install Yoast SEO, Rank Math or SEOPress, or let the one that is there open its fields to the REST API.",
        );
    }
    advice
}

fn text(value: &Value, field: &str) -> String {
    let text = value.get(field).and_then(Value::as_str).unwrap_or_default();
    text.chars().take(200).collect()
}
