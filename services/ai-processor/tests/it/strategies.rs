//! Strategies: one for each sector, of sites that are there and that the caller may see.

use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::strategy_service_client::StrategyServiceClient;
use contracts::ai_processor::v1::system_undo_service_client::SystemUndoServiceClient;
use contracts::rest::v1::Role;
use rpc::Kind;
use rpc::client::Channel;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::{Processor, refusal};
use crate::sites::{Site, copy, mask, site, tell};

pub fn strategies(processor: &Processor) -> StrategyServiceClient<Channel> {
    StrategyServiceClient::new(processor.served.channel("gateway"))
}

pub fn strategy(site: &Site) -> pb::CreateStrategyRequest {
    pb::CreateStrategyRequest {
        site_id: site.id.to_string(),
        sector_id: site.sector.to_string(),
        audience: "home baristas".to_owned(),
        goal: "order a sample".to_owned(),
        structures: vec!["how_to".to_owned()],
        avoid: vec!["best".to_owned()],
        word_count: Some(900),
        ..Default::default()
    }
}

async fn undo(processor: &Processor, actor: &Actor, token: &str) -> Result<pb::SystemUndone, rpc::Error> {
    let mut undo = SystemUndoServiceClient::new(processor.served.channel("gateway"));
    let request = pb::UndoSystemDeleteRequest { token: token.to_owned() };
    Ok(undo.undo_delete(actor.request(request)).await?.into_inner())
}

#[tokio::test]
async fn a_strategy_is_made_read_changed_deleted_and_restored() {
    let processor = Processor::still().await;
    let editor = Actor::new(Uuid::now_v7(), Role::Editor);
    let site = site(&processor, editor.account()).await;
    let mut client = strategies(&processor);
    let made = client.create_strategy(editor.request(strategy(&site))).await.unwrap().into_inner();
    let get = pb::GetStrategyRequest { id: made.id.clone() };
    assert_eq!(client.get_strategy(editor.request(get.clone())).await.unwrap().into_inner(), made);

    let change = pb::UpdateStrategyRequest {
        id: made.id.clone(),
        update_mask: mask(&["audience", "word_count"]),
        audience: "owners of cafes".to_owned(),
        word_count: None,
        ..Default::default()
    };
    let changed = client.update_strategy(editor.request(change)).await.unwrap().into_inner();
    assert_eq!((changed.audience.as_str(), changed.word_count, changed.goal), ("owners of cafes", None, made.goal));

    let delete = pb::DeleteStrategyRequest { id: made.id.clone() };
    let deleted = client.delete_strategy(editor.request(delete)).await.unwrap().into_inner();
    assert_eq!(refusal(client.get_strategy(editor.request(get.clone())).await).kind(), Kind::NotFound);
    assert_eq!(undo(&processor, &editor, &deleted.undo_token).await.unwrap().object, "strategy");
    client.get_strategy(editor.request(get)).await.unwrap();
    assert_eq!(undo(&processor, &editor, &deleted.undo_token).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_sector_has_one_strategy() {
    let processor = Processor::still().await;
    let editor = Actor::new(Uuid::now_v7(), Role::Editor);
    let site = site(&processor, editor.account()).await;
    let mut client = strategies(&processor);
    client.create_strategy(editor.request(strategy(&site))).await.unwrap();
    let second = refusal(client.create_strategy(editor.request(strategy(&site))).await);
    assert_eq!((second.kind(), second.reason()), (Kind::AlreadyExists, "STRATEGY_EXISTS"));
}

#[tokio::test]
async fn a_strategy_needs_an_active_site_with_that_sector() {
    let processor = Processor::still().await;
    let editor = Actor::new(Uuid::now_v7(), Role::Editor);
    let (one, other) = (site(&processor, editor.account()).await, site(&processor, editor.account()).await);
    let mut client = strategies(&processor);
    let inactive = contracts::auth::v1::SiteCopy { active: false, ..copy(&one, 2) };
    tell(&processor, editor.account(), &inactive).await;
    assert_eq!(refusal(client.create_strategy(editor.request(strategy(&one))).await).reason(), "SITE_INACTIVE");
    let mut gone = copy(&other, 2);
    gone.sectors[0].deleted = true;
    tell(&processor, editor.account(), &gone).await;
    let refused = refusal(client.create_strategy(editor.request(strategy(&other))).await);
    assert_eq!(refused.violations()[0].field, "sector_id");
    // What no event has told of is asked of auth, which is away here.
    let unknown = Site { id: Uuid::now_v7(), sector: Uuid::now_v7() };
    assert_eq!(refusal(client.create_strategy(editor.request(strategy(&unknown))).await).kind(), Kind::Unavailable);
}

#[tokio::test]
async fn an_unknown_structure_is_named_with_those_there_are() {
    let processor = Processor::still().await;
    let editor = Actor::new(Uuid::now_v7(), Role::Editor);
    let site = site(&processor, editor.account()).await;
    let structures = vec!["how_to".to_owned(), "poem".to_owned()];
    let request = pb::CreateStrategyRequest { structures, ..strategy(&site) };
    let refused = refusal(strategies(&processor).create_strategy(editor.request(request)).await);
    assert_eq!(refused.violations()[0].field, "structures.1");
    assert!(refused.message().contains("buying_guide"), "{}", refused.message());
}

#[tokio::test]
async fn strategies_of_other_sites_and_accounts_do_not_show() {
    let processor = Processor::still().await;
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    let (one, other) = (site(&processor, admin.account()).await, site(&processor, admin.account()).await);
    let mut client = strategies(&processor);
    client.create_strategy(admin.request(strategy(&one))).await.unwrap();
    let hidden = client.create_strategy(admin.request(strategy(&other))).await.unwrap().into_inner();
    let editor = Actor::new(admin.account(), Role::Editor).sites([one.id]);
    let stranger = Actor::new(Uuid::now_v7(), Role::Owner);
    for (actor, count) in [(&admin, 2), (&editor, 1), (&stranger, 0)] {
        let list = client.list_strategies(actor.request(pb::ListStrategiesRequest::default())).await.unwrap();
        assert_eq!(list.into_inner().count, count);
    }
    for actor in [&editor, &stranger] {
        let get = pb::GetStrategyRequest { id: hidden.id.clone() };
        assert_eq!(refusal(client.get_strategy(actor.request(get)).await).kind(), Kind::NotFound);
    }
    let filter = pb::StrategyFilter { sector_id: Some(other.sector.to_string()), ..Default::default() };
    let list = pb::ListStrategiesRequest { filter: Some(filter), ..Default::default() };
    assert_eq!(client.list_strategies(admin.request(list)).await.unwrap().into_inner().results, [hidden]);
}
