//! Domain names as Route 53 keeps them.

/// Lower case, with a trailing dot, and with octal escapes for all but `a-z0-9-_.`.
///
/// `*.CI.example` becomes `\052.ci.example.`.
pub fn normal(name: &str) -> String {
    let mut text = String::new();
    for byte in unescaped(name.as_bytes()) {
        match byte.to_ascii_lowercase() {
            c @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.') => text.push(char::from(c)),
            other => text.push_str(&format!("\\{other:03o}")),
        }
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

fn unescaped(mut rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.filter(|_| *first == b'\\').and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[3..] } else { tail };
    }
    bytes
}

/// The order of listings: labels reversed, `www.example.com.` -> `com.example.www.`
pub(super) fn order(name: &str) -> String {
    let labels: Vec<&str> = name.trim_end_matches('.').rsplit('.').collect();
    format!("{}.", labels.join("."))
}

/// Whether a name is a zone's own or lies in it.
pub(super) fn lies_in(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|head| head.ends_with('.'))
}

/// Whether a domain name can be one: labels of 1 to 63 characters, 255 in all.
pub(super) fn valid(name: &str) -> bool {
    let labels = name.trim_end_matches('.').split('.');
    name.len() <= 255 && labels.into_iter().all(|label| (1..=63).contains(&label.len()))
}
