//! Asks Jenkins whether it is up: the only I/O here besides the writer.

use jenkinsstack_api::status::JenkinsHealth;
use std::time::Duration;

/// How long Jenkins may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The page that answers without a login once Jenkins is up, and 503 while it gets ready.
const LOGIN: &str = "login";

/// A client for probes. Redirects are answers here: behind a login the load balancer sends the browser to the provider.
///
/// # Errors
/// When the TLS set-up of the machine is broken.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()
}

/// What Jenkins answers at `url`, which ends in a slash. `Unknown` where nothing can be reached: from here the name may
/// not resolve, or the load balancer may be internal, which says nothing of Jenkins.
pub async fn probe(client: &reqwest::Client, url: &str) -> JenkinsHealth {
    match client.get(format!("{url}{LOGIN}")).send().await {
        Ok(answer) => judge(answer.status().as_u16(), answer.headers().contains_key("x-jenkins")),
        Err(error) => {
            tracing::debug!(%error, url, "Jenkins can't be asked from here");
            JenkinsHealth::Unknown
        }
    }
}

/// What a status says, given whether Jenkins itself answered or only the load balancer.
fn judge(status: u16, from_jenkins: bool) -> JenkinsHealth {
    match (status, from_jenkins) {
        (200..=299, _) | (_, true) if status != 503 => JenkinsHealth::Up,
        (503, true) => JenkinsHealth::Starting,
        (502..=504, false) => JenkinsHealth::Down,
        // A login page of the provider, or a firewall: nothing is said of Jenkins.
        _ => JenkinsHealth::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_what_it_can() {
        for (status, from_jenkins, health) in [
            (200, true, JenkinsHealth::Up),
            (403, true, JenkinsHealth::Up),
            (503, true, JenkinsHealth::Starting),
            (503, false, JenkinsHealth::Down),
            (302, false, JenkinsHealth::Unknown),
            (401, false, JenkinsHealth::Unknown),
        ] {
            assert_eq!(judge(status, from_jenkins), health, "{status} {from_jenkins}");
        }
    }
}
