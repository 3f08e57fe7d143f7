//! Reading services.

use super::super::cluster;
use super::super::refusals::{bad_token, invalid};
use super::update::names;
use super::{Service, Status, short};
use crate::call::{Answer, Call};
use crate::page;
use serde_json::json;

/// DescribeServices: "You may specify up to 10 services to describe in a single operation".
const MAX_DESCRIBED: usize = 10;

pub(super) fn describe(call: &mut Call<'_>) -> Answer {
    let cluster = cluster::named(call.peek(), &call.input["cluster"], call.now)?.name.clone();
    let services = names(call, "services");
    if services.is_empty() {
        return Err(invalid("Services cannot be empty."));
    }
    if services.len() > MAX_DESCRIBED {
        return Err(invalid("Services can have at most 10 items."));
    }
    let with_tags = names(call, "include").iter().any(|field| field == "TAGS");
    let region = call.peek();
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for text in &services {
        let service = region.ecs.services.get(&(cluster.clone(), short(text).to_owned()));
        match service.filter(|service| !text.starts_with("arn:") || service.arn == *text) {
            Some(service) => found.push(service.describe(region, with_tags)),
            None => {
                let arn = call.arn("ecs", &format!("service/{cluster}/{}", short(text)));
                failures.push(json!({"arn": arn, "reason": "MISSING"}));
            }
        }
    }
    Ok(json!({"services": found, "failures": failures}))
}

/// ACTIVE services only ("the service is no longer visible … in the ListServices API operation", DeleteService).
pub(super) fn list(call: &mut Call<'_>) -> Answer {
    let cluster = cluster::named(call.peek(), &call.input["cluster"], call.now)?.name.clone();
    let limit = call.input["maxResults"].as_u64().unwrap_or(10) as usize;
    let launch = call.input["launchType"].as_str();
    let fits = |service: &&Service| {
        let shown = service.describe(call.peek(), false);
        service.cluster == cluster
            && service.status == Status::Active
            && launch.is_none_or(|launch| shown["launchType"] == launch)
            && call.input["schedulingStrategy"].as_str().is_none_or(|strategy| strategy == "REPLICA")
    };
    let arns: Vec<String> = call.peek().ecs.services.values().filter(fits).map(|service| service.arn.clone()).collect();
    let listing = format!("ListServices {cluster} {launch:?}");
    let token = call.input["nextToken"].as_str();
    let (arns, next) = page::cut(arns, String::clone, limit, token, &listing, call.now).map_err(bad_token)?;
    Ok(json!({"serviceArns": arns, "nextToken": next}))
}
