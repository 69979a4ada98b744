//! Keywords as CSV.

use contracts::planner::v1 as pb;
use futures_util::TryStreamExt;
use testkit::Actor;

use crate::harness::Planner;
use crate::lists::fill;

async fn export(planner: &Planner, actor: &Actor, request: pb::ExportKeywordsRequest) -> Vec<pb::KeywordsFile> {
    let stream = planner.keywords().export_keywords(actor.request(request)).await.unwrap();
    stream.into_inner().try_collect().await.unwrap()
}

fn lines(pieces: &[pb::KeywordsFile]) -> Vec<String> {
    let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.body.clone()).collect();
    String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn all_columns_are_there_and_no_cell_is_a_formula() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let input = pb::KeywordInput { volume: Some(10), cpc: Some(0.5), tags: vec!["a,b".into()], ..place.input("=1+1") };
    planner.try_create(&place.owner, input).await.unwrap();
    let pieces = export(&planner, &place.owner, pb::ExportKeywordsRequest::default()).await;
    assert_eq!(pieces[0].content_type, "text/csv; charset=utf-8");
    assert_eq!(pieces[0].file_name, "keywords.csv");
    let lines = lines(&pieces);
    assert!(lines[0].starts_with("keyword,country,language,volume,volume_quality,difficulty,cpc,"));
    assert!(lines[1].starts_with("'=1+1,,,10,exact,,0.5,,,informational,informational,new,"), "{}", lines[1]);
    assert!(lines[1].contains(",\"a,b\","));
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn an_export_has_the_order_and_the_filter_of_the_list() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    fill(&planner, &place, 2500).await;
    let request = pb::ExportKeywordsRequest {
        ordering: "volume".into(),
        filter: Some(pb::KeywordFilter { volume_lte: Some(2100), ..Default::default() }),
    };
    let pieces = export(&planner, &place.owner, request).await;
    assert_eq!(pieces.len(), 3);
    let names: Vec<String> =
        lines(&pieces)[1..].iter().map(|line| line.split(',').next().unwrap().to_owned()).collect();
    assert_eq!(names, (0..2100).map(|n| format!("k{:05}", 2499 - n)).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_export_of_nothing_is_its_header() {
    let planner = Planner::start().await;
    let place = planner.place().await;
    let pieces = export(&planner, &place.owner, pb::ExportKeywordsRequest::default()).await;
    assert_eq!((pieces.len(), lines(&pieces).len(), pieces[0].file_name.as_str()), (1, 1, "keywords.csv"));
}
