//! JSON to protobuf and back, by the table.

use contracts::{
    DecodeFailure, PageInfo,
    auth::v1::{ListSitesResponse, Site, SiteInput, UpdateSiteRequest},
    method,
    progress::v1::{Progress, ProgressEvent},
};
use prost::Message;
use prost_types::Timestamp;
use serde_json::{Value, json};

#[test]
fn a_request_is_encoded_from_json() {
    let codec = method("/igny8.auth.v1.SiteService/CreateSite").unwrap().codec;
    let bytes = (codec.encode)(json!({"name": "Shop", "sectors": [{"name": "Tools"}]})).unwrap();
    let request = SiteInput::decode(bytes.as_slice()).unwrap();
    assert_eq!((request.name.as_str(), request.sectors[0].name.as_str()), ("Shop", "Tools"));
    assert!((codec.encode)(json!({"name": 1})).is_err());
}

#[test]
fn a_change_is_encoded_with_its_mask() {
    let codec = method("/igny8.auth.v1.SiteService/UpdateSite").unwrap().codec;
    let bytes = (codec.encode)(json!({"id": "1", "industry_id": null, "update_mask": ["industry_id"]})).unwrap();
    let request = UpdateSiteRequest::decode(bytes.as_slice()).unwrap();
    assert_eq!((request.industry_id, request.update_mask.unwrap().paths), (None, vec!["industry_id".to_owned()]));
}

#[test]
fn a_page_is_decoded_with_its_extent() {
    let codec = method("/igny8.auth.v1.SiteService/ListSites").unwrap().codec;
    let page = ListSitesResponse { results: vec![Site::default()], count: 12, count_is_exact: true };
    let json = (codec.decode)(&page.encode_to_vec()).unwrap();
    assert_eq!(json.page, Some(PageInfo { count: 12, exact: true, rows: 1 }));
    let object: Value = serde_json::from_slice(&json.bytes).unwrap();
    assert_eq!((&object["count"], object["results"].as_array().unwrap().len()), (&json!(12), 1));
}

#[test]
fn an_object_is_decoded_without_an_extent() {
    let codec = method("/igny8.auth.v1.SiteService/GetSite").unwrap().codec;
    let json = (codec.decode)(&Site::default().encode_to_vec()).unwrap();
    assert_eq!(json.page, None);
    assert!(json.bytes.starts_with(b"{"));
}

#[test]
fn what_is_no_response_is_a_failure() {
    let codec = method("/igny8.auth.v1.SiteService/GetSite").unwrap().codec;
    assert!(matches!((codec.decode)(&[255]), Err(DecodeFailure::Protobuf(_))));
    let never = Site { created_at: Some(Timestamp { seconds: i64::MAX, nanos: 0 }), ..Site::default() };
    assert!(matches!((codec.decode)(&never.encode_to_vec()), Err(DecodeFailure::Json(_))));
}

#[test]
fn an_event_of_a_stream_is_decoded_with_its_name() {
    let codec = method("/igny8.progress.v1.ProgressService/WatchProgress").unwrap().codec;
    let data = Progress { percent: 40, ..Progress::default() };
    let event = (codec.event.unwrap())(&ProgressEvent { event: "progress".into(), data: Some(data) }.encode_to_vec());
    let event = event.unwrap();
    let data: Value = serde_json::from_slice(&event.data).unwrap();
    assert_eq!((event.name.as_str(), &data["percent"]), ("progress", &json!(40)));
    assert!(codec.chunk.is_none() && codec.piece.is_none());
}
