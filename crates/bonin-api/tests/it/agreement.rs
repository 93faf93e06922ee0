//! Do two OpenAPI documents agree in what they promise: paths, parameters, bodies, answers, schemas?
//!
//! Words (titles, descriptions, examples) may differ, and so may additions: more schemas, more answers of one
//! operation where `additions` names their status. Everything else of the reference must be there, and no more.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// All differences, in words; empty if they agree. `additions` are statuses that every operation of ours may
/// answer beyond the reference.
pub fn of_documents(ours: &Value, reference: &Value, additions: &[&str]) -> Vec<String> {
    let mut differences = of_schemas(ours, reference);
    let paths = |document: &Value| object(&document["paths"]);
    let (ours_paths, reference_paths) = (paths(ours), paths(reference));
    for (path, operations) in &reference_paths {
        let operations = object(operations);
        let own = object(ours_paths.get(path).unwrap_or(&Value::Null));
        keys(
            &format!("paths {path}"),
            &own,
            &operations,
            &mut differences,
        );
        for (method, operation) in &operations {
            if let Some(own) = own.get(method) {
                let place = format!("{method} {path}");
                of_operation(&place, own, operation, additions, &mut differences);
            }
        }
    }
    let schemes = |document: &Value| -> Vec<(String, Value, String)> {
        object(&document["components"]["securitySchemes"])
            .into_iter()
            .map(|(name, scheme)| {
                let kind = scheme["scheme"].as_str().unwrap_or_default().to_lowercase();
                (name, scheme["type"].clone(), kind)
            })
            .collect()
    };
    same(
        "securitySchemes",
        &schemes(ours),
        &schemes(reference),
        &mut differences,
    );
    differences
}

/// All differences between the component schemas.
pub fn of_schemas(ours: &Value, reference: &Value) -> Vec<String> {
    let schemas = |document: &Value| object(&document["components"]["schemas"]);
    let (ours, reference) = (schemas(ours), schemas(reference));
    let mut differences = Vec::new();
    for (name, schema) in &reference {
        match ours.get(name) {
            None => differences.push(format!("{name}: no such schema")),
            Some(own) => of_schema(name, own, schema, &mut differences),
        }
    }
    differences
}

fn of_operation(
    place: &str,
    ours: &Value,
    reference: &Value,
    additions: &[&str],
    differences: &mut Vec<String>,
) {
    same(
        &format!("{place} operationId"),
        &ours["operationId"],
        &reference["operationId"],
        differences,
    );
    same(
        &format!("{place} security"),
        &security(ours),
        &security(reference),
        differences,
    );

    let (own, wanted) = (parameters(ours), parameters(reference));
    keys(&format!("{place} parameters"), &own, &wanted, differences);
    for (name, parameter) in &wanted {
        let Some(own) = own.get(name) else { continue };
        let place = format!("{place} parameter {name}");
        same(
            &format!("{place} required"),
            &truth(&own["required"]),
            &truth(&parameter["required"]),
            differences,
        );
        of_schema(
            &format!("{place} schema"),
            &own["schema"],
            &parameter["schema"],
            differences,
        );
        of_content(&place, own, parameter, differences);
    }

    let (own, wanted) = (&ours["requestBody"], &reference["requestBody"]);
    same(
        &format!("{place} has a body"),
        &own.is_object(),
        &wanted.is_object(),
        differences,
    );
    same(
        &format!("{place} body required"),
        &truth(&own["required"]),
        &truth(&wanted["required"]),
        differences,
    );
    of_content(&format!("{place} body"), own, wanted, differences);

    let mut own = object(&ours["responses"]);
    let wanted = object(&reference["responses"]);
    own.retain(|status, _| wanted.contains_key(status) || !additions.contains(&status.as_str()));
    keys(&format!("{place} responses"), &own, &wanted, differences);
    for (status, response) in &wanted {
        if let Some(own) = own.get(status) {
            of_content(&format!("{place} {status}"), own, response, differences);
        }
    }
}

fn of_content(place: &str, ours: &Value, reference: &Value, differences: &mut Vec<String>) {
    let (ours, reference) = (object(&ours["content"]), object(&reference["content"]));
    keys(&format!("{place} content"), &ours, &reference, differences);
    for (media, content) in &reference {
        if let Some(own) = ours.get(media) {
            of_schema(
                &format!("{place} {media}"),
                &own["schema"],
                &content["schema"],
                differences,
            );
        }
    }
}

fn of_schema(place: &str, ours: &Value, reference: &Value, differences: &mut Vec<String>) {
    for key in [
        "$ref",
        "type",
        "format",
        "enum",
        "x-portone-status-code",
        "nullable",
        "additionalProperties",
    ] {
        same(
            &format!("{place} {key}"),
            &ours[key],
            &reference[key],
            differences,
        );
    }
    same(
        &format!("{place} required"),
        &strings(&ours["required"]),
        &strings(&reference["required"]),
        differences,
    );

    let (own, wanted) = (
        object(&ours["properties"]),
        object(&reference["properties"]),
    );
    keys(&format!("{place} properties"), &own, &wanted, differences);
    for (name, property) in &wanted {
        if let Some(own) = own.get(name) {
            of_schema(&format!("{place}.{name}"), own, property, differences);
        }
    }
    if ours["items"].is_object() || reference["items"].is_object() {
        of_schema(
            &format!("{place}[]"),
            &ours["items"],
            &reference["items"],
            differences,
        );
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        let members = |schema: &Value| -> Vec<Value> {
            let members = schema[key].as_array().cloned().unwrap_or_default();
            members
                .into_iter()
                .map(|member| member["$ref"].clone())
                .collect()
        };
        same(
            &format!("{place} {key}"),
            &members(ours),
            &members(reference),
            differences,
        );
    }
    let discriminator = |schema: &Value| {
        let discriminator = &schema["discriminator"];
        (
            discriminator["propertyName"].clone(),
            object(&discriminator["mapping"]),
        )
    };
    same(
        &format!("{place} discriminator"),
        &discriminator(ours),
        &discriminator(reference),
        differences,
    );
}

/// Parameters by place and name: `query storeId`.
fn parameters(operation: &Value) -> Map<String, Value> {
    let list = operation["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    list.into_iter()
        .map(|parameter| {
            let text = |key: &str| parameter[key].as_str().unwrap_or_default().to_owned();
            (format!("{} {}", text("in"), text("name")), parameter)
        })
        .collect()
}

fn security(operation: &Value) -> BTreeSet<String> {
    let list = operation["security"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    list.iter().map(Value::to_string).collect()
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn strings(value: &Value) -> BTreeSet<String> {
    let list = value.as_array().cloned().unwrap_or_default();
    list.iter().map(Value::to_string).collect()
}

/// `false` and absent are the same.
fn truth(value: &Value) -> bool {
    value.as_bool().unwrap_or(false)
}

fn keys(
    place: &str,
    ours: &Map<String, Value>,
    reference: &Map<String, Value>,
    differences: &mut Vec<String>,
) {
    let names = |map: &Map<String, Value>| map.keys().cloned().collect::<BTreeSet<_>>();
    same(place, &names(ours), &names(reference), differences);
}

fn same<T: PartialEq + std::fmt::Debug>(
    place: &str,
    ours: &T,
    reference: &T,
    differences: &mut Vec<String>,
) {
    if ours != reference {
        differences.push(format!(
            "{place}: ours is {ours:?}, the reference says {reference:?}"
        ));
    }
}
