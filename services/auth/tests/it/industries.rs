//! The catalogue of industries: public, and the same everywhere.

use contracts::auth::v1 as pb;
use contracts::auth::v1::industry_service_client::IndustryServiceClient;
use rpc::Kind;
use testkit::anonymous;
use uuid::Uuid;

use crate::fixtures::SOFTWARE;
use crate::harness::{Auth, refusal};

async fn list(auth: &Auth, search: &str, page: i32, page_size: i32) -> pb::ListIndustriesResponse {
    let filter = Some(pb::IndustryFilter { search: search.to_owned() });
    let request = pb::ListIndustriesRequest { filter, page: Some(page), page_size: Some(page_size) };
    IndustryServiceClient::new(auth.channel()).list_industries(anonymous(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn anybody_may_read_a_catalogue_that_is_worth_reading() {
    let auth = Auth::start().await;
    let all = list(&auth, "", 1, 500).await;
    assert!(all.count >= 24 && all.count_is_exact);
    assert_eq!(usize::try_from(all.count), Ok(all.results.len()));
    assert_eq!(all.results.first().map(|industry| industry.name.as_str()), Some("Accounting and Tax"));
    for industry in &all.results {
        assert!((4..=8).contains(&industry.sectors.len()), "{}", industry.name);
        let texts = industry.sectors.iter().flat_map(|sector| [&sector.name, &sector.description]);
        for text in texts.chain([&industry.name, &industry.description]) {
            assert!(!text.trim().is_empty());
        }
        let descriptions = industry.sectors.iter().map(|sector| &sector.description).chain([&industry.description]);
        assert!(descriptions.into_iter().all(|text| text.ends_with('.')), "{}", industry.name);
    }
}

#[tokio::test]
async fn the_catalogue_is_searched_in_both_names_and_cut_into_pages() {
    let auth = Auth::start().await;
    let found = list(&auth, "SOFTWARE AND", 1, 10).await;
    assert_eq!(found.results.iter().map(|industry| industry.id.as_str()).collect::<Vec<_>>(), [SOFTWARE]);
    let by_sector = list(&auth, "mortgages", 1, 10).await;
    assert_eq!((by_sector.count, by_sector.results[0].name.as_str()), (1, "Personal Finance and Banking"));
    assert!(by_sector.results[0].sectors.len() > 1);
    assert_eq!(list(&auth, "%", 1, 10).await.count, 0);

    let (first, second) = (list(&auth, "", 1, 10).await, list(&auth, "", 2, 10).await);
    assert_eq!((first.results.len(), second.results.len()), (10, 10));
    assert_eq!(first.count, second.count);
    assert!(first.results.iter().all(|industry| !second.results.contains(industry)));
}

#[tokio::test]
async fn an_industry_is_found_by_its_id() {
    let auth = Auth::start().await;
    let mut client = IndustryServiceClient::new(auth.channel());
    let get = |id: String| anonymous(pb::GetIndustryRequest { id });
    let software = client.get_industry(get(SOFTWARE.to_owned())).await.unwrap().into_inner();
    assert_eq!(software.name, "Software and SaaS");
    assert_eq!(software.sectors.first().map(|sector| sector.name.as_str()), Some("Business Operations Software"));
    let no_code = software.sectors.iter().find(|sector| sector.name == "No-Code and Automation").unwrap();
    assert_eq!(no_code.id, "fa8998c3-859c-2579-baf5-3b3a3000ccba", "the hash of `industry_sector:software/no-code`");
    assert_eq!(refusal(client.get_industry(get(Uuid::nil().to_string())).await).kind(), Kind::NotFound);
}
