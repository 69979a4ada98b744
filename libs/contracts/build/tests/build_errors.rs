//! Protos that break a rule do not build, and the error says where and what to do.
//!
//! Long because every rule has a test here.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::{fs, path::Path};

/// A sound contract. Each test breaks one thing in it.
const SOUND: &str = include_str!("sound.proto");

/// The fleet that it is a part of.
const REGISTRY: &str = "[[service]]\nname = 'test'\ngrpc_port = 1\n\n[[service]]\nname = 'other'\ngrpc_port = 2\n\n[[service]]\nname = 'edge'";

/// Builds a contract, with the repository's own protos for its imports. The place of everything in it is `igny8/test/v1/things.proto`.
fn build(proto: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("proto/igny8/test/v1");
    fs::create_dir_all(&package).unwrap();
    fs::write(package.join("things.proto"), proto).unwrap();
    let registry = folder.path().join("registry.toml");
    fs::write(&registry, REGISTRY).unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../proto");
    contracts_build::generate(&[&folder.path().join("proto"), &repository], &registry, folder.path())
        .map_err(|error| format!("{error:#}"))?;
    Ok(fs::read_to_string(folder.path().join("openapi.json")).unwrap())
}

/// The error of the sound contract with one part replaced.
#[track_caller]
fn error_when(part: &str, broken: &str) -> String {
    assert!(SOUND.contains(part), "the sound contract has no {part:?}");
    build(&SOUND.replacen(part, broken, 1)).unwrap_err()
}

/// Asserts that a problem is told with its place.
#[track_caller]
fn assert_tells(error: &str, place: &str, advice: &str) {
    let expected = format!("igny8/test/v1/things.proto: {place}: {advice}");
    assert!(error.contains(&expected), "expected:\n  {expected}\nbut got:\n{error}");
}

#[test]
fn a_sound_contract_builds() {
    let openapi = build(SOUND).unwrap();
    assert!(openapi.contains("things_list"));
}

#[test]
fn a_proto_that_does_not_parse_is_named() {
    let error = error_when("message Thing {", "message Thing ");
    assert!(error.contains("things.proto"), "{error}");
}

#[test]
fn all_problems_are_told_at_once() {
    let broken = SOUND
        .replace("scope: SCOPE_SITE ", "")
        .replace("(buf.validate.field).string.uuid", "(buf.validate.field).string.ulid");
    let error = build(&broken).unwrap_err();
    assert_tells(&error, "ThingService.ListThings", "the method has no scope");
    assert_tells(&error, "UpdateThingRequest.id", "the buf.validate rule `string.ulid` is not supported");
}

mod access {
    use super::{assert_tells, error_when};

    #[test]
    fn a_method_without_options() {
        let error = error_when("option (igny8.rest.v1.method) = {internal: true callers: [\"gateway\"]};", "");
        assert_tells(&error, "ThingService.Recount", "the method has no options: add `option (igny8.rest.v1.method)");
    }

    #[test]
    fn a_rest_method_without_a_path() {
        let error = error_when("option (google.api.http) = {get: \"/api/v1/test/things\"};", "");
        assert_tells(&error, "ThingService.ListThings", "a method in REST needs a verb and path: add google.api.http");
    }

    #[test]
    fn an_internal_method_with_a_path() {
        let error = error_when(
            "{internal: true callers: [\"gateway\"]};",
            "{internal: true callers: [\"gateway\"]}; option (google.api.http) = {post: \"/api/v1/test/recount\"};",
        );
        assert_tells(&error, "ThingService.Recount", "an internal method is not in REST: remove google.api.http");
    }

    #[test]
    fn an_internal_method_without_callers() {
        let error = error_when("internal: true callers: [\"gateway\"]", "internal: true");
        assert_tells(&error, "ThingService.Recount", "an internal method has no callers: name the services");
    }

    #[test]
    fn an_internal_method_with_a_role() {
        let error = error_when("internal: true callers", "internal: true min_role: ROLE_ADMIN callers");
        assert_tells(&error, "ThingService.Recount", "an internal method carries a role or scope");
    }

    #[test]
    fn a_public_method_with_a_role() {
        let error = error_when("scope: SCOPE_PUBLIC", "scope: SCOPE_PUBLIC min_role: ROLE_VIEWER");
        assert_tells(&error, "ThingService.Subscribe", "a public method carries a role: remove min_role");
    }

    #[test]
    fn a_token_method_without_a_role() {
        let error = error_when("min_role: ROLE_VIEWER scope: SCOPE_SITE", "scope: SCOPE_SITE");
        assert_tells(&error, "ThingService.ListThings", "the method has no role: set `min_role`");
    }

    #[test]
    fn a_token_method_without_a_scope() {
        let error = error_when("min_role: ROLE_VIEWER scope: SCOPE_SITE", "min_role: ROLE_VIEWER");
        assert_tells(&error, "ThingService.ListThings", "the method has no scope: set `scope`");
    }

    #[test]
    fn a_rest_method_without_a_shape_or_rate_policy() {
        let error = error_when(
            "shape: SHAPE_PAGE min_role: ROLE_VIEWER scope: SCOPE_SITE rate_policy: RATE_POLICY_STANDARD",
            "min_role: ROLE_VIEWER scope: SCOPE_SITE",
        );
        assert_tells(&error, "ThingService.ListThings", "the method has no shape: set `shape`");
        assert_tells(&error, "ThingService.ListThings", "the method has no rate policy: set `rate_policy`");
    }

    #[test]
    fn a_status_that_is_not_one_of_success() {
        let error = error_when("status: 202", "status: 404");
        assert_tells(&error, "ThingService.Subscribe", "the status is not one of success");
    }

    #[test]
    fn two_methods_with_the_same_operation() {
        let error = error_when("rpc Recount(", "rpc ListThing(");
        assert_tells(
            &error,
            "ThingService.ListThing",
            "the operation things_list is also that of igny8/test/v1/things.proto: ThingService.ListThings",
        );
    }
}

mod http {
    use super::{assert_tells, error_when};

    #[test]
    fn a_path_with_a_final_slash() {
        let error = error_when("get: \"/api/v1/test/things\"", "get: \"/api/v1/test/things/\"");
        assert_tells(&error, "ThingService.ListThings", "the path /api/v1/test/things/ ends in a slash: remove it");
    }

    #[test]
    fn a_path_outside_the_api() {
        let error = error_when("get: \"/api/v1/test/things\"", "get: \"/things\"");
        assert_tells(&error, "ThingService.ListThings", "the path /things is outside the API: begin it with /api/v1/");
    }

    #[test]
    fn a_path_parameter_that_the_request_lacks() {
        let error = error_when("things/{id}", "things/{thing_id}");
        assert_tells(
            &error,
            "ThingService.UpdateThing",
            "the path parameter {thing_id} is no string of UpdateThingRequest",
        );
    }

    #[test]
    fn a_path_with_a_pattern() {
        let error = error_when("things/{id}", "things/{id=*}");
        assert_tells(&error, "ThingService.UpdateThing", "the path segment \"{id=*}\" is not supported");
    }

    #[test]
    fn two_methods_on_the_same_verb_and_path() {
        let error = error_when("post: \"/api/v1/test/subscriptions\"", "patch: \"/api/v1/test/things/{email}\"");
        assert_tells(
            &error,
            "ThingService.Subscribe",
            "PATCH /api/v1/test/things/{email} is also that of igny8/test/v1/things.proto: ThingService.UpdateThing",
        );
    }

    #[test]
    fn a_body_that_is_one_scalar_field() {
        let error = error_when("subscriptions\" body: \"*\"", "subscriptions\" body: \"email\"");
        assert_tells(
            &error,
            "ThingService.Subscribe",
            "the body \"email\" is not supported: leave it out, or make it \"*\" or one message field",
        );
    }

    #[test]
    fn a_get_with_a_body() {
        let error = error_when("get: \"/api/v1/test/things\"", "get: \"/api/v1/test/things\" body: \"*\"");
        assert_tells(&error, "ThingService.ListThings", "a GET has no body: remove `body`");
    }

    #[test]
    fn a_patch_without_a_mask() {
        let error = error_when("google.protobuf.FieldMask update_mask = 2;", "");
        assert_tells(
            &error,
            "ThingService.UpdateThing",
            "a PATCH changes what its body names: add `google.protobuf.FieldMask update_mask`",
        );
    }

    #[test]
    fn a_query_with_an_object() {
        let error = error_when("ThingFilter filter = 4;", "ThingFilter only = 4;");
        assert_tells(&error, "ThingService.ListThings", "only cannot stand in a query");
    }

    #[test]
    fn a_filter_with_a_key_of_the_request() {
        let error = error_when("string search = 1", "string page = 1");
        assert_tells(
            &error,
            "ThingService.ListThings",
            "the query has page twice: rename it in ThingFilter or ListThingsRequest",
        );
    }

    #[test]
    fn a_second_binding() {
        let error = error_when(
            "get: \"/api/v1/test/things\"",
            "get: \"/api/v1/test/things\" additional_bindings: {get: \"/api/v1/test/all\"}",
        );
        assert_tells(&error, "ThingService.ListThings", "`additional_bindings` of google.api.http is not supported");
    }

    #[test]
    fn a_stream_in_an_envelope() {
        let error = error_when("returns (Thing)", "returns (stream Thing)");
        assert_tells(&error, "ThingService.UpdateThing", "the shapes raw and sse are those of a stream");
    }
}

mod forms {
    use super::{SOUND, assert_tells, build, error_when};

    #[test]
    fn an_event_without_its_parts() {
        for (part, name) in [("string event = 1;", "`string event`"), ("Thing data = 2;", "`message data`")] {
            let error = error_when(part, "");
            assert_tells(
                &error,
                "ThingService.WatchThings",
                &format!("the gateway needs the field {name}: add it to ThingEvent"),
            );
        }
    }

    #[test]
    fn bytes_without_their_type_or_name() {
        let error = error_when(
            "message ThingChunk {\n  string content_type = 1 [(igny8.rest.v1.field).example = \"text/csv\"];\n  string file_name = 2;",
            "message ThingChunk {",
        );
        for name in ["`string content_type`", "`string file_name`"] {
            assert_tells(
                &error,
                "ThingService.ExportThings",
                &format!("the gateway needs the field {name}: add it to ThingChunk"),
            );
        }
    }

    #[test]
    fn an_upload_without_its_pieces() {
        let error = error_when("bytes piece = 4;", "");
        assert_tells(
            &error,
            "ThingService.ImportThings",
            "the gateway needs the field `bytes piece`: add it to ImportThings",
        );
    }

    #[test]
    fn an_upload_with_what_no_form_can_hold() {
        let error = error_when("Colour paint = 2;", "Maker maker = 2;");
        assert_tells(&error, "ThingService.ImportThings", "maker cannot stand in a form: use single values and lists");
        let error = error_when("things/import\" body: \"*\"", "things/import\"");
        assert_tells(&error, "ThingService.ImportThings", "the fields of an upload stand in its form: make the body");
    }

    #[test]
    fn a_second_status_that_no_answer_chooses() {
        let error = error_when("bool dry_run = 1;", "");
        assert_tells(
            &error,
            "ThingService.ImportThings",
            "the gateway needs the field `bool dry_run`: add it to Imported",
        );
    }

    #[test]
    fn owners_of_what_is_a_services_own() {
        let error = error_when("internal: true callers", "internal: true owners: [\"other\"] callers");
        assert_tells(
            &error,
            "ThingService.Recount",
            "the package is test's own, and so are its methods: remove owners",
        );
    }

    #[test]
    fn a_method_that_nobody_serves() {
        let shared = SOUND.replacen("package igny8.test.v1;", "package igny8.shared.v1;", 1);
        let error = build(&shared).unwrap_err();
        assert_tells(&error, "ThingService.Recount", "the package belongs to no service, shared is none of the fleet");
        let owned = |owners: &str| {
            build(
                &shared
                    .replace("min_role:", &format!("owners: {owners} min_role:"))
                    .replace("status: 202 scope", "status: 202 owners: [\"test\"] scope")
                    .replace("internal: true", "internal: true owners: [\"test\"]"),
            )
        };
        assert!(owned("[\"test\", \"other\"]").is_ok());
        let error = owned("[\"test\", \"edge\"]").unwrap_err();
        assert_tells(&error, "ThingService.ListThings", "the owner edge is no service that can be called");
        let error = owned("[\"test\", \"test\"]").unwrap_err();
        assert_tells(&error, "ThingService.ListThings", "a service is named twice in `owners`");
    }
}

mod pages {
    use super::{assert_tells, error_when};

    #[test]
    fn a_page_size_without_an_upper_bound() {
        let error = error_when("{gte: 1 lte: 500}", "{gte: 1}");
        assert_tells(&error, "ListThingsRequest.page_size", "page_size has no upper bound: add");
    }

    #[test]
    fn a_page_without_its_parts() {
        for part in ["repeated Thing results = 1;", "int64 count = 2;", "bool count_is_exact = 3;"] {
            let error = error_when(part, "");
            assert_tells(&error, "ThingService.ListThings", "a page has results, count and count_is_exact: add `");
        }
    }

    #[test]
    fn a_list_that_is_not_asked_for_by_page() {
        let error = error_when("optional int32 page = 1", "optional int32 number = 1");
        assert_tells(
            &error,
            "ThingService.ListThings",
            "a page is asked for by number and size: add `optional int32 page`",
        );
    }

    #[test]
    fn an_ordering_by_anything() {
        let error = error_when("[(igny8.rest.v1.field) = {ordering: [\"name\", \"created_at\"]}]", "");
        assert_tells(&error, "ListThingsRequest.ordering", "the field does not say what may be ordered by");
    }
}

mod fields {
    use super::{SOUND, assert_tells, build, error_when};

    #[test]
    fn an_account_in_a_request() {
        let error = error_when("string search = 1", "string account_id = 1");
        assert_tells(&error, "ThingFilter.account_id", "a request in REST names an account: remove account_id");
    }

    #[test]
    fn an_account_in_an_internal_request_is_fine() {
        build(&SOUND.replace("message RecountRequest {", "message RecountRequest { string account_id = 9;")).unwrap();
    }

    #[test]
    fn an_enum_with_two_values_of_one_name() {
        let error = error_when("COLOUR_RED = 1;", "COLOUR_RED = 1; COLOUR_red = 9;");
        assert_tells(&error, "Colour", "the values 1 and 9 are both \"red\" in JSON: rename one");
    }

    #[test]
    fn an_enum_without_its_prefix_or_zero() {
        let error = error_when("COLOUR_RED = 1;", "RED = 1;");
        assert_tells(&error, "Colour", "RED lacks the enum's prefix: name it COLOUR_…");
        let error = error_when("COLOUR_UNSPECIFIED = 0;", "COLOUR_NONE = 0;");
        assert_tells(&error, "Colour", "the zero value is COLOUR_NONE: name it COLOUR_UNSPECIFIED");
    }

    #[test]
    fn two_fields_of_one_name() {
        let error = error_when(
            "string password = 2 [",
            "string alias = 9 [json_name = \"nick_name\"]; string nick_name = 8; string password = 2 [",
        );
        assert_tells(
            &error,
            "SubscribeRequest.nick_name",
            "alias and nick_name are both \"nick_name\" in JSON: change one json_name",
        );
    }

    #[test]
    fn a_rule_that_is_not_supported() {
        for (part, broken, rule) in [
            ("string.email = true", "string.pattern = \"a\"", "string.pattern"),
            ("string.email = true", "cel = {id: \"a\" expression: \"true\"}", "cel"),
            ("string.email = true", "int32.gte = 1", "int32"),
            ("string.email = true", "ignore = IGNORE_ALWAYS", "ignore"),
        ] {
            let error = error_when(part, broken);
            assert_tells(
                &error,
                "SubscribeRequest.email",
                &format!("the buf.validate rule `{rule}` is not supported here: use required"),
            );
        }
        let error = error_when("repeated.items.string.max_len = 20", "repeated.items.string.prefix = \"a\"");
        assert_tells(
            &error,
            "UpdateThingRequest.tags",
            "the buf.validate rule `repeated.items.string.prefix` is not supported",
        );
    }

    #[test]
    fn bounds_that_nothing_satisfies() {
        let error = error_when("{gte: 1 lte: 500}", "{gte: 501 lte: 500}");
        assert_tells(&error, "ListThingsRequest.page_size", "no value satisfies the rules");
    }

    #[test]
    fn a_type_without_a_form_in_json() {
        let error = error_when("string search = 1", "float weight = 9; string search = 1");
        assert_tells(&error, "ThingFilter.weight", "float is not supported: use int32");
    }

    #[test]
    fn a_secret_that_is_no_text() {
        let error = error_when("int32 pace = 3 [", "int32 pace = 3 [(igny8.rest.v1.field).secret = true, ");
        assert_tells(&error, "SubscribeRequest.pace", "only strings and bytes can be secret");
    }

    #[test]
    fn a_time_in_a_oneof() {
        let error = error_when("string id = 2;", "google.protobuf.Timestamp at = 2;");
        assert_tells(&error, "RecountRequest.at", "a time in a oneof is not supported: wrap it in a message");
    }

    #[test]
    fn a_oneof_in_rest() {
        let error = error_when("string email = 1", "oneof way { string post = 9; } string email = 1");
        assert_tells(&error, "SubscribeRequest", "the oneof way has no form in REST: use optional fields");
    }

    #[test]
    fn a_message_inside_a_message() {
        let error = error_when("message Thing {", "message Thing { message Part {}");
        assert_tells(&error, "Thing", "Part is declared inside: declare it beside Thing");
    }
}
