//! What the plan allows, as a real billing says.

use std::sync::Arc;

use contracts::rest::v1::Role;
use testkit::TestDb;

use crate::harness::{Planner, nowhere};

#[tokio::test]
async fn a_plan_that_is_full_takes_no_more_keywords_until_some_are_deleted() {
    let database = TestDb::new("billing", billing::MIGRATIONS).await;
    let app = Arc::new(billing::App::new(&database.config()).unwrap());
    let billing = testkit::serve("billing", billing::routes(&app)).await;
    database.superuser().await.execute("UPDATE igny8_plans SET max_keywords = 2", &[]).await.unwrap();

    let planner = Planner::start_with(&nowhere("auth"), &billing.target()).await;
    let place = planner.place().await;
    let other = planner.another_place(place.owner.clone()).await;
    planner.create(&place, "bread").await;
    let rolls = planner.create(&other, "rolls").await;
    // Somebody who sees one keyword is held to the account's two.
    for actor in [place.owner.clone(), place.member(Role::Editor)] {
        let refused = planner.try_create(&actor, place.input("cake")).await.unwrap_err();
        assert_eq!(refused.reason(), "KEYWORD_LIMIT");
        assert!(refused.message().contains("allows 2 keywords and you have 2"), "{}", refused.message());
    }
    let request = contracts::planner::v1::DeleteKeywordRequest { id: rolls.id };
    planner.keywords().delete_keyword(place.owner.request(request)).await.unwrap();
    planner.create(&place, "cake").await;
}
