//! The connection doctor on a real WordPress with all that real sites put in the way, and on sites that are none: what a person reads.

use contracts::publisher::v1 as pb;
use contracts::publisher::v1::ConnectionProblem;
use testkit::TestWordpress;

use crate::harness::{Place, Publisher, connection};
use crate::sites::{Site, answer, page};

/// A publisher with a site that is connected to a WordPress as its user of this role.
async fn connected(wordpress: &TestWordpress, role: &str) -> (Publisher, Place, pb::Connection) {
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    let made = publisher.connect(&place, wordpress.url(), wordpress.user(role)).await;
    (publisher, place, made)
}

fn codes(diagnosis: &pb::ConnectionDiagnosis) -> Vec<&str> {
    diagnosis.advice.iter().map(|advice| advice.code.as_str()).collect()
}

#[tokio::test]
async fn a_site_that_works_is_told_so_and_remembered() {
    let wordpress = TestWordpress::new().await;
    let (publisher, place, made) = connected(&wordpress, "editor").await;
    assert_eq!(made.diagnosis, None);
    let diagnosis = publisher.test(&place, &made.id).await;
    assert!(diagnosis.works, "{diagnosis:?}");
    assert_eq!((diagnosis.problem, diagnosis.fix.as_str()), (None, ""));
    assert_eq!(diagnosis.what, "Articles can be published on this site.");
    assert_eq!(diagnosis.site_name, "IGNY8 test site");
    assert_eq!(diagnosis.rest_root, format!("{}/wp-json/", wordpress.url()));
    assert_eq!((diagnosis.roles.as_slice(), diagnosis.can_manage_categories), (&["editor".to_owned()][..], true));
    assert_eq!(codes(&diagnosis), ["no_seo_fields"]);
    assert_eq!(publisher.get(&place, &made.id).await.diagnosis, Some(diagnosis));
}

#[tokio::test]
async fn the_fields_of_a_seo_plugin_are_found_and_a_wrong_folder_matters_not() {
    let wordpress = TestWordpress::new().await;
    wordpress.allow_seo_fields(true);
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    let address = format!("{}/wp-admin/profile.php", wordpress.url());
    let made = publisher.connect(&place, &address, wordpress.user("author")).await;
    let diagnosis = publisher.test(&place, &made.id).await;
    assert!(diagnosis.works, "{diagnosis:?}");
    assert_eq!(diagnosis.seo_plugin, "yoast");
    assert_eq!(codes(&diagnosis), ["no_categories"]);
}

#[tokio::test]
async fn plain_permalinks_work_with_an_advice() {
    let wordpress = TestWordpress::plain().await;
    let (publisher, place, made) = connected(&wordpress, "editor").await;
    let diagnosis = publisher.test(&place, &made.id).await;
    assert!(diagnosis.works, "{diagnosis:?}");
    assert!(diagnosis.rest_root.contains("rest_route="), "{}", diagnosis.rest_root);
    assert_eq!(codes(&diagnosis), ["plain_permalinks", "no_seo_fields"]);
}

#[tokio::test]
async fn a_wrong_password_and_one_that_is_lost_on_its_way_are_told_apart() {
    let wordpress = TestWordpress::new().await;
    let (publisher, place, made) = connected(&wordpress, "editor").await;
    wordpress.fault("strip_auth");
    let stripped = publisher.test(&place, &made.id).await;
    assert_eq!(stripped.problem(), ConnectionProblem::AuthorizationStripped, "{stripped:?}");
    assert!(stripped.what.contains("drops the Authorization header"), "{}", stripped.what);
    assert!(stripped.fix.contains("SetEnvIf Authorization"), "{}", stripped.fix);
    for user in [wordpress.user("editor").user.as_str(), "nobody"] {
        let place = publisher.place().await;
        let made =
            publisher.create(&place, connection(&place, wordpress.url(), user, "wrong word here")).await.unwrap();
        for fault in ["none", "strip_auth"] {
            wordpress.fault(fault);
            let wrong = publisher.test(&place, &made.id).await;
            assert_eq!(wrong.problem(), ConnectionProblem::WrongPassword, "{user}, {fault}: {wrong:?}");
            assert_eq!(wrong.what, "127.0.0.1 does not accept this user and application password.");
            assert!(wrong.fix.contains("Application Passwords"), "{}", wrong.fix);
        }
    }
}

#[tokio::test]
async fn each_thing_that_sites_put_in_the_way_is_named_with_its_fix() {
    let wordpress = TestWordpress::new().await;
    let (publisher, place, made) = connected(&wordpress, "editor").await;
    let faults = [
        ("rest_disabled", ConnectionProblem::RestDisabled, "switched off", "A plugin does that"),
        ("waf_html_403", ConnectionProblem::Firewall, "blocked the request (status 403)", "Wordfence"),
        ("login_redirect", ConnectionProblem::SignInWall, "sign-in page", "members"),
        ("throttle_429", ConnectionProblem::Throttled, "fewer requests", "in 3 seconds"),
        ("maintenance_503", ConnectionProblem::Maintenance, "down for maintenance", ".maintenance"),
        ("fatal_500", ConnectionProblem::SiteError, "failed on its own (status 500)", "error log"),
        ("truncated_json", ConnectionProblem::BrokenAnswer, "breaks off", "PHP errors"),
        ("slow:8", ConnectionProblem::TooSlow, "did not answer in time", "in a browser"),
    ];
    for (fault, problem, what, fix) in faults {
        wordpress.fault(fault);
        let diagnosis = publisher.test(&place, &made.id).await;
        assert_eq!(diagnosis.problem(), problem, "{fault}: {diagnosis:?}");
        assert!(!diagnosis.works && diagnosis.what.contains(what), "{fault}: {}", diagnosis.what);
        assert!(diagnosis.fix.contains(fix), "{fault}: {}", diagnosis.fix);
    }
}

#[tokio::test]
async fn what_is_in_the_way_of_writing_only_is_not_a_fault_of_the_connection() {
    let wordpress = TestWordpress::new().await;
    let (publisher, place, made) = connected(&wordpress, "editor").await;
    for fault in ["notice_prefix", "upload_fails", "lost_response"] {
        wordpress.fault(fault);
        let diagnosis = publisher.test(&place, &made.id).await;
        assert!(diagnosis.works, "{fault}: {diagnosis:?}");
    }
}

#[tokio::test]
async fn a_user_who_may_not_publish_is_told_what_is_missing() {
    let wordpress = TestWordpress::new().await;
    let (publisher, place, made) = connected(&wordpress, "contributor").await;
    let diagnosis = publisher.test(&place, &made.id).await;
    assert_eq!(diagnosis.problem(), ConnectionProblem::RoleTooLow);
    assert_eq!(diagnosis.what, "This user of 127.0.0.1 may not publish posts, upload pictures.");
    assert!(diagnosis.fix.contains("role Editor"));
    let (publisher, place, made) = connected(&wordpress, "subscriber").await;
    let diagnosis = publisher.test(&place, &made.id).await;
    assert_eq!(diagnosis.what, "This user of 127.0.0.1 may not write posts, publish posts, upload pictures.");
}

#[tokio::test]
async fn application_passwords_that_are_off_are_no_wrong_password() {
    let wordpress = TestWordpress::without_passwords().await;
    let (publisher, place, made) = connected(&wordpress, "editor").await;
    let diagnosis = publisher.test(&place, &made.id).await;
    assert_eq!(diagnosis.problem(), ConnectionProblem::PasswordsOff, "{diagnosis:?}");
    assert!(diagnosis.fix.contains("HTTPS"));
}

#[tokio::test]
async fn sites_that_are_no_wordpress_are_told_apart() {
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    let plain = Site::start("127.0.0.1", |_| page("<h1>Hello</h1>")).await;
    let folder = Site::start("127.0.0.1", |_| page("<link href='/blog/wp-content/themes/a.css'>")).await;
    let hidden = Site::start("127.0.0.1", |line| {
        let is_api = line.contains("wp-json") || line.contains("rest_route");
        if is_api { answer("404 Not Found", "", "nothing") } else { page("<link href='/wp-content/themes/a.css'>") }
    });
    let (hidden, missing) = (hidden.await, Site::start("127.0.0.1", |_| answer("404 Not Found", "", "nothing")).await);
    let nobody = format!("http://{}", std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let cases = [
        (plain.url(), ConnectionProblem::NotWordpress, "does not come from WordPress".to_owned()),
        (folder.url(), ConnectionProblem::WrongRoot, format!("it seems to be at {}/blog.", folder.url())),
        (hidden.url(), ConnectionProblem::RestDisabled, "switched off".to_owned()),
        (missing.url(), ConnectionProblem::WrongRoot, "no WordPress at this address".to_owned()),
        (nobody, ConnectionProblem::Unreachable, "Nobody answers".to_owned()),
        ("https://nobody.invalid".to_owned(), ConnectionProblem::Unreachable, "Nobody answers".to_owned()),
    ];
    for (url, problem, what) in cases {
        let made = publisher.create(&place, connection(&place, &url, "ada", "secret")).await.unwrap();
        let diagnosis = publisher.test(&place, &made.id).await;
        assert_eq!(diagnosis.problem(), problem, "{url}: {diagnosis:?}");
        assert!(diagnosis.what.contains(&what), "{}", diagnosis.what);
    }
    assert_eq!((plain.authorized(), folder.authorized(), hidden.authorized(), missing.authorized()), (0, 0, 0, 0));
}
