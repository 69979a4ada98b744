//! Addresses that nobody may make us go to: refused, and no request made.

use contracts::publisher::v1::ConnectionProblem;

use crate::harness::{Publisher, connection};
use crate::sites::{Site, page, redirect};

#[tokio::test]
async fn addresses_inside_are_refused_and_nobody_is_asked() {
    let publisher = Publisher::allowing("").await;
    let inside = Site::start("127.0.0.1", |_| page("secret")).await;
    let port = inside.address.port();
    let addresses = [
        format!("http://127.0.0.1:{port}"),
        format!("https://127.0.0.1:{port}"),
        format!("http://localhost:{port}"),
        format!("http://2130706433:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "https://10.0.0.1".to_owned(),
        "https://[fd00::1]".to_owned(),
    ];
    for address in addresses {
        let place = publisher.place().await;
        let made = publisher.create(&place, connection(&place, &address, "ada", "secret")).await.unwrap();
        let diagnosis = publisher.test(&place, &made.id).await;
        assert_eq!(diagnosis.problem(), ConnectionProblem::AddressRefused, "{address}: {diagnosis:?}");
        assert!(!diagnosis.works && diagnosis.what.contains("public addresses only"), "{}", diagnosis.what);
    }
    assert_eq!(inside.visits(), 0);
}

#[tokio::test]
async fn a_site_cannot_send_us_inside() {
    let publisher = Publisher::allowing("127.0.0.2/32").await;
    let place = publisher.place().await;
    let inside = Site::start("127.0.0.1", |_| page("secret")).await;
    let target = inside.url();
    let outside = Site::start("127.0.0.2", move |_| redirect(&target)).await;
    let made = publisher.create(&place, connection(&place, &outside.url(), "ada", "secret")).await.unwrap();
    let diagnosis = publisher.test(&place, &made.id).await;
    assert_eq!(diagnosis.problem(), ConnectionProblem::Moved);
    assert_eq!(
        diagnosis.what,
        "127.0.0.2 sends visitors on to 127.0.0.1, which is another host. The password was not sent there."
    );
    assert_eq!((inside.visits(), outside.authorized()), (0, 0));
}

#[tokio::test]
async fn a_password_is_not_sent_to_an_api_on_another_host() {
    let publisher = Publisher::allowing("127.0.0.0/8").await;
    let place = publisher.place().await;
    let other = Site::start("127.0.0.3", |_| page("{}")).await;
    let link = format!("link: <{}/wp-json/>; rel=\"https://api.w.org/\"\r\n", other.url());
    let site = Site::start("127.0.0.2", move |_| crate::sites::answer("200 OK", &link, "")).await;
    let made = publisher.create(&place, connection(&place, &site.url(), "ada", "secret")).await.unwrap();
    let diagnosis = publisher.test(&place, &made.id).await;
    assert_eq!(diagnosis.problem(), ConnectionProblem::Moved);
    assert_eq!((other.visits(), site.authorized()), (0, 0));
}

#[tokio::test]
async fn a_redirect_within_the_site_is_followed_three_times_and_no_more() {
    let publisher = Publisher::start().await;
    let place = publisher.place().await;
    let round = Site::start("127.0.0.1", |_| redirect("/again")).await;
    let made = publisher.create(&place, connection(&place, &round.url(), "ada", "secret")).await.unwrap();
    let diagnosis = publisher.test(&place, &made.id).await;
    assert_eq!(diagnosis.problem(), ConnectionProblem::BrokenAnswer);
    assert_eq!((round.visits(), round.authorized()), (4, 0));
}
