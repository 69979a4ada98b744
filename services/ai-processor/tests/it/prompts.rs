//! Prompts: the default, the account's own text, and the way back.

use contracts::ai_processor::v1 as pb;
use contracts::ai_processor::v1::prompt_service_client::PromptServiceClient;
use contracts::rest::v1::Role;
use rpc::Kind;
use rpc::client::Channel;
use testkit::Actor;
use uuid::Uuid;

use crate::harness::{Processor, refusal};

pub fn prompts(processor: &Processor) -> PromptServiceClient<Channel> {
    PromptServiceClient::new(processor.served.channel("gateway"))
}

pub async fn update(processor: &Processor, actor: &Actor, template: &str) -> Result<pb::Prompt, rpc::Error> {
    let request = pb::UpdatePromptRequest { key: "clustering".to_owned(), template: template.to_owned() };
    Ok(prompts(processor).update_prompt(actor.request(request)).await?.into_inner())
}

async fn get(processor: &Processor, actor: &Actor) -> pb::Prompt {
    let request = pb::GetPromptRequest { key: "clustering".to_owned() };
    prompts(processor).get_prompt(actor.request(request)).await.unwrap().into_inner()
}

#[tokio::test]
async fn an_own_text_replaces_the_default_until_it_is_reset_and_no_version_comes_twice() {
    let processor = Processor::still().await;
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    let default = get(&processor, &admin).await;
    assert_eq!((default.version.as_str(), default.customised), ("clustering@default.1", false));
    assert_eq!(default.template, default.default_template);

    let own = update(&processor, &admin, "Group {{keywords}}.").await.unwrap();
    assert_eq!((own.version.as_str(), own.template.as_str()), ("clustering@1", "Group {{keywords}}."));
    assert_eq!((own.customised, &own.default_template), (true, &default.template));
    assert_eq!(get(&processor, &admin).await, own);

    let reset = pb::ResetPromptRequest { key: "clustering".to_owned() };
    let reset = prompts(&processor).reset_prompt(admin.request(reset)).await.unwrap().into_inner();
    assert_eq!((reset.template, reset.version), (default.template, default.version));
    assert_eq!(update(&processor, &admin, "Again {{keywords}}.").await.unwrap().version, "clustering@2");
    // Others keep the default.
    assert!(!get(&processor, &Actor::new(Uuid::now_v7(), Role::Admin)).await.customised);
}

#[tokio::test]
async fn variables_are_checked() {
    let processor = Processor::still().await;
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    for (template, says) in [
        ("Group {{keyword}}.", "Line 1: {{keyword}} is not a variable of this prompt. It knows {{keywords}}"),
        ("Group them.", "{{keywords}} is missing"),
        ("Group {{keywords", "Line 1: a variable begins with {{"),
    ] {
        let refused = update(&processor, &admin, template).await.unwrap_err();
        assert_eq!((refused.kind(), refused.violations()[0].field.as_str()), (Kind::InvalidArgument, "template"));
        assert!(refused.message().starts_with(says), "{}", refused.message());
    }
}

#[tokio::test]
async fn all_prompts_are_listed_and_filtered() {
    let processor = Processor::still().await;
    let admin = Actor::new(Uuid::now_v7(), Role::Admin);
    update(&processor, &admin, "Group {{keywords}}.").await.unwrap();
    let list = async |filter: pb::PromptFilter, page: Option<i32>, page_size: Option<i32>| {
        let request = pb::ListPromptsRequest { page, page_size, filter: Some(filter) };
        let list = prompts(&processor).list_prompts(admin.request(request)).await.unwrap().into_inner();
        (list.count, list.results.into_iter().map(|prompt| prompt.key).collect::<Vec<_>>())
    };
    let (count, keys) = list(pb::PromptFilter::default(), None, None).await;
    assert_eq!((count, keys.len()), (8, 8));
    assert_eq!(list(pb::PromptFilter::default(), Some(2), Some(3)).await.1, keys[3..6]);
    let customised = pb::PromptFilter { customised: Some(true), ..Default::default() };
    assert_eq!(list(customised, None, None).await.1, ["clustering"]);
    let content = pb::PromptFilter { action: Some(pb::JobAction::Content.into()), ..Default::default() };
    assert_eq!(list(content, None, None).await.0, 4);
}

#[tokio::test]
async fn what_is_no_prompt_is_not_found_and_editors_change_none() {
    let processor = Processor::still().await;
    let editor = Actor::new(Uuid::now_v7(), Role::Editor);
    let request = pb::GetPromptRequest { key: "poems".to_owned() };
    assert_eq!(refusal(prompts(&processor).get_prompt(editor.request(request)).await).kind(), Kind::NotFound);
    assert_eq!(update(&processor, &editor, "{{keywords}}").await.unwrap_err().kind(), Kind::PermissionDenied);
}
