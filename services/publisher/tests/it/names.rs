//! Names that lead elsewhere than when their connection was made: nobody inside is asked, and nothing is left half done.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use contracts::publisher::v1::PublicationState;
use outbound::Lookup;

use crate::newsroom::{Draft, Newsroom, gif, title};
use crate::sites::{Site, page};
use crate::way::Way;

/// Where the site is, which is allowed, and where it is not.
const OUTSIDE: &str = "127.0.0.5";
const INSIDE: &str = "127.0.0.1";

/// Where a name leads.
#[derive(Clone, Default)]
struct Name(Arc<Mutex<Leads>>);

#[derive(Default)]
struct Leads {
    /// How often it still leads to the site.
    outside: usize,
    /// And after that.
    then: Vec<IpAddr>,
}

impl Name {
    fn leads(&self, outside: usize, then: &[&str]) {
        let then = then.iter().map(|address| address.parse().unwrap()).collect();
        *self.0.lock().unwrap() = Leads { outside, then };
    }

    fn lookup(&self) -> Lookup {
        let name = self.clone();
        Arc::new(move |_| {
            let mut leads = name.0.lock().unwrap();
            let then = leads.then.clone();
            let outside = leads.outside.checked_sub(1).inspect(|left| leads.outside = *left);
            let addresses = outside.map_or(then, |_| vec![OUTSIDE.parse().unwrap()]);
            Box::pin(async move { Ok(addresses) })
        })
    }
}

/// A newsroom whose site is tested and works, the way there, and somebody inside who listens on the same port.
async fn tested(name: &Name) -> (Newsroom, Way, Site) {
    let mut newsroom = Newsroom::reaching("127.0.0.5/32", Some(&name.lookup())).await;
    let inside = Site::start(INSIDE, |_| page("secret")).await;
    let way = newsroom.way((OUTSIDE, inside.address.port()), "bakery.test").await;
    name.leads(usize::MAX, &[]);
    let connection = newsroom.publisher.texts("SELECT id::text FROM igny8_connections").await.swap_remove(0);
    let diagnosis = newsroom.publisher.test(&newsroom.place, &connection).await;
    assert!(diagnosis.works, "{diagnosis:?}");
    newsroom.work();
    (newsroom, way, inside)
}

impl Newsroom {
    /// It failed in words that tell people what to do; it is published when the name leads to the site again.
    async fn refused_then_live(&self, name: &Name, (id, about): (&str, &str)) {
        let failed = self.until(id, |it| it.state() == PublicationState::Failed).await;
        assert_eq!(failed.reason.as_deref(), Some("ADDRESS_REFUSED"));
        let message = failed.error_message.unwrap();
        assert!(message.contains("public addresses only") && message.contains("Enter the public address"), "{message}");
        let posts = self.posts_with(about).await;
        assert!(posts.iter().all(|post| post["status"] == "draft"), "{posts:?}");
        name.leads(usize::MAX, &[]);
        self.publications().retry_publication(self.named(id)).await.unwrap();
        let live = self.live(id).await;
        let posts = self.posts_with(about).await;
        assert_eq!(posts.iter().map(|post| post["id"].as_i64()).collect::<Vec<_>>(), [live.remote_id]);
    }
}

#[tokio::test]
async fn a_name_that_changed_to_an_address_inside_is_refused_and_nobody_is_asked() {
    let name = Name::default();
    let (newsroom, way, inside) = tested(&name).await;
    for address in [INSIDE, "169.254.169.254", "10.0.0.1", "192.168.1.1", "fd00::1", "::ffff:127.0.0.1"] {
        let about = title("Changed name");
        let content = newsroom.article(&about).await;
        way.asked();
        name.leads(0, &[address]);
        let publication = newsroom.publish(&content).await;
        newsroom.until(&publication.id, |it| it.state() == PublicationState::Failed).await;
        assert_eq!((inside.visits(), way.asked()), (0, vec![]), "{address}");
        let begun = "SELECT id::text FROM igny8_publications
            WHERE state = 'failed' AND (create_sent_at IS NOT NULL OR remote_id IS NOT NULL OR tidy_left > 0 OR work IS NOT NULL)";
        assert_eq!(newsroom.publisher.texts(begun).await, [""; 0]);
        newsroom.refused_then_live(&name, (&publication.id, &about)).await;
    }
    assert_eq!(inside.visits(), 0);
}

#[tokio::test]
async fn a_name_that_changes_in_the_middle_leaves_nothing_half_done() {
    let name = Name::default();
    let (newsroom, _way, inside) = tested(&name).await;
    let site = newsroom.site();
    let pictures = async || site.get("/wp/v2/media", &[("per_page", "1")]).await.unwrap().total.unwrap();
    for requests in 1_usize.. {
        let (about, before) = (title("Changing name"), pictures().await);
        let content = newsroom.draft(Draft { title: about.clone(), ..Draft::default() }).await;
        newsroom.picture(&content, gif()).await;
        newsroom.approve(&content).await;
        name.leads(requests, &[INSIDE]);
        let id = newsroom.publish(&content).await.id;
        let ended = newsroom.until(&id, |it| it.work.is_none()).await;
        if ended.state() == PublicationState::Published {
            // To look for the picture, send and describe it, ask for fields, look for the draft, make and publish it.
            assert_eq!(requests, 7);
            break;
        }
        newsroom.refused_then_live(&name, (&id, &about)).await;
        assert_eq!(pictures().await, before + 1, "the picture was sent once");
    }
    assert_eq!(inside.visits(), 0);
}

#[tokio::test]
async fn of_two_addresses_only_the_one_outside_is_asked() {
    let name = Name::default();
    let (newsroom, way, inside) = tested(&name).await;
    way.asked();
    for addresses in [[INSIDE, OUTSIDE], [OUTSIDE, INSIDE]] {
        name.leads(0, &addresses);
        let publication = newsroom.publish(&newsroom.article(&title("Two addresses")).await).await;
        newsroom.live(&publication.id).await;
        assert!(!way.asked().is_empty());
    }
    name.leads(0, &[INSIDE, "10.0.0.1"]);
    let about = title("Two inside");
    let publication = newsroom.publish(&newsroom.article(&about).await).await;
    newsroom.refused_then_live(&name, (&publication.id, &about)).await;
    assert_eq!(inside.visits(), 0);
}
