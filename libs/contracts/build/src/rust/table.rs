//! The table of methods, and the messages that they take and give.

use crate::model::{Field, Http, Kind, Message, Method, Model, Options, camel};

use super::{enums::json_names, names};

/// `METHODS`, and a static for each message that one of them reaches.
pub(super) fn write(model: &Model) -> String {
    let mut methods: Vec<&Method> = model.methods().collect();
    methods.sort_by(|a, b| a.path.cmp(&b.path));
    let rows: String = methods.iter().filter_map(|method| row(model, method)).collect();
    let reachable = model.reachable(methods.iter().flat_map(|method| [method.input.as_str(), method.output.as_str()]));
    let messages: String =
        reachable.into_iter().filter_map(|name| Some(message(model, model.message(name)?))).collect();
    format!(
        "/// Every method of every service, sorted by path.\npub static METHODS: &[Method] = &[\n{rows}];\n\n{messages}"
    )
}

fn row(model: &Model, method: &Method) -> Option<String> {
    let options = method.options.as_ref()?;
    Some(format!(
        "    Method {{ path: {path:?}, owners: &{owners:?}, operation: {operation:?}, access: {access}, rest: {rest}, \
         timeout: std::time::Duration::from_millis({timeout}), request: &{request}, response: &{response}, \
         server_streaming: {streaming}, codec: {codec} }},\n",
        path = method.path,
        owners = method.owners(),
        operation = method.operation,
        access = access(options),
        rest = method
            .http
            .as_ref()
            .map_or("None".to_owned(), |http| format!("Some({})", rest(model, method, http, options))),
        timeout = options.timeout_ms,
        request = names::constant(&method.input),
        response = names::constant(&method.output),
        streaming = method.server_streaming,
        codec = codec(method, options),
    ))
}

fn access(options: &Options) -> String {
    if options.internal {
        return format!("Access::Internal {{ callers: &{:?} }}", options.callers);
    }
    if options.is_public() {
        return "Access::Public".to_owned();
    }
    format!(
        "Access::Token {{ min_role: {}, scope: {}, while_suspended: {} }}",
        variant("Role", options.min_role.as_deref()),
        variant("Scope", options.scope.as_deref()),
        options.while_suspended
    )
}

fn rest(model: &Model, method: &Method, http: &Http, options: &Options) -> String {
    format!(
        "Rest {{ verb: Verb::{verb}, path: {path:?}, body: {body}, shape: {shape}, status: {status}, other_status: {other:?}, \
         rate_policy: {rate}, idempotency_key: {key}, upload: {upload}, immutable: {immutable} }}",
        verb = camel(&http.verb.to_ascii_lowercase()),
        path = http.path,
        body = body(model, method, http),
        shape = variant("Shape", options.shape.as_deref()),
        status = options.status,
        other = options.other_status,
        rate = variant("RatePolicy", options.rate_policy.as_deref()),
        key = options.idempotency_key,
        upload = options.upload,
        immutable = options.immutable,
    )
}

fn body(model: &Model, method: &Method, http: &Http) -> String {
    match http.body.as_deref() {
        None => "Body::None".to_owned(),
        Some("*") => "Body::All".to_owned(),
        Some(name) => {
            let field = model.message(&method.input).and_then(|request| request.field(name));
            format!("Body::Field({:?})", field.map_or(name, |field| &field.json))
        }
    }
}

/// The variant of one of our own option enums.
fn variant(of: &str, json: Option<&str>) -> String {
    format!("crate::rest::v1::{of}::{}", camel(json.unwrap_or("unspecified")))
}

fn codec(method: &Method, options: &Options) -> String {
    let (request, response) = (names::path(&method.input), names::path(&method.output));
    let page = if options.shape.as_deref() == Some("page") {
        "|page| Some(PageInfo { count: page.count, exact: page.count_is_exact, rows: page.results.len() })"
    } else {
        "|_| None"
    };
    let dry_run = if options.other_status.is_some() { "|answer| answer.dry_run" } else { "|_| false" };
    format!(
        "Codec {{ encode: codec::encode::<{request}>, decode: |bytes| codec::decode::<{response}>(bytes, {page}, {dry_run}), {} }}",
        streams(options, &request, &response)
    )
}

/// How the messages of a stream are taken apart and made.
fn streams(options: &Options, request: &str, response: &str) -> String {
    let shape = options.shape.as_deref();
    let event = if shape == Some("sse") {
        format!("Some(|bytes| codec::event::<{response}, _>(bytes, |message| (message.event, message.data)))")
    } else {
        "None".to_owned()
    };
    let chunk = if shape == Some("raw") {
        format!(
            "Some(|bytes| <{response} as prost::Message>::decode(bytes).map_err(crate::DecodeFailure::Protobuf).map(|message| \
             crate::Chunk {{ content_type: message.content_type, file_name: message.file_name, body: message.body }}))"
        )
    } else {
        "None".to_owned()
    };
    let piece = if options.upload {
        format!("Some(|piece| prost::Message::encode_to_vec(&{request} {{ piece, ..Default::default() }}))")
    } else {
        "None".to_owned()
    };
    format!("event: {event}, chunk: {chunk}, piece: {piece}")
}

fn message(model: &Model, message: &Message) -> String {
    let fields: String = message.fields.iter().map(|of| field(model, of)).collect();
    format!(
        "static {}: Message = Message {{ name: {:?}, fields: &[\n{fields}] }};\n\n",
        names::constant(&message.name),
        message.name
    )
}

fn field(model: &Model, field: &Field) -> String {
    let is_message = matches!(field.kind, Kind::Message(_) | Kind::Timestamp | Kind::Mask) && !field.repeated;
    format!(
        "    Field {{ name: {:?}, kind: {}, repeated: {}, nullable: {}, required: {}, secret: {}, flattened: {} }},\n",
        field.json,
        kind(model, field),
        field.repeated,
        field.optional || field.oneof.is_some() || is_message,
        field.refuses_default(),
        field.options.secret,
        field.flattened
    )
}

fn kind(model: &Model, field: &Field) -> String {
    let name = match &field.kind {
        Kind::Bool => "Bool",
        Kind::Int32 => "Int32",
        Kind::UInt32 => "UInt32",
        Kind::Int64 => "Int64",
        Kind::UInt64 => "UInt64",
        Kind::Double => "Double",
        Kind::Text => "Text",
        Kind::Bytes => "Bytes",
        Kind::Timestamp => "Timestamp",
        Kind::Mask => "Mask",
        Kind::Map => "Map",
        Kind::Enum(name) => {
            let names = model.enums.get(name).map_or("&[]".to_owned(), json_names);
            return format!("Kind::Enum({names})");
        }
        Kind::Message(name) => return format!("Kind::Message(&{})", names::constant(name)),
    };
    format!("Kind::{name}")
}
