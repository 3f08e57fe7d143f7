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
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// What a server with this one answer is taken for.
    async fn asked(head: &'static str) -> (JenkinsHealth, String) {
        // Another test of this process may have done so.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ci/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 1024];
            let length = connection.read(&mut request).await.unwrap();
            let answer = format!("HTTP/1.1 {head}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            connection.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..length]).lines().next().unwrap_or_default().to_owned()
        });
        let health = probe(&client().unwrap(), &url).await;
        (health, server.await.unwrap())
    }

    #[tokio::test]
    async fn a_server_is_asked_for_its_login_page() {
        for (head, health) in [
            ("200 OK\r\nX-Jenkins: 2.516.1", JenkinsHealth::Up),
            ("503 Service Unavailable\r\nX-Jenkins: 2.516.1", JenkinsHealth::Starting),
            ("503 Service Unavailable", JenkinsHealth::Down),
            ("502 Bad Gateway", JenkinsHealth::Down),
            ("302 Found\r\nLocation: https://id.example.com/authorize", JenkinsHealth::Unknown),
        ] {
            assert_eq!(asked(head).await, (health, "GET /ci/login HTTP/1.1".to_owned()), "{head}");
        }
    }

    #[tokio::test]
    async fn who_does_not_answer_says_nothing() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        assert_eq!(probe(&client().unwrap(), &url).await, JenkinsHealth::Unknown);
    }

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
