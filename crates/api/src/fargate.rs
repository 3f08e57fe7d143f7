//! The sizes that AWS Fargate has, as data, for the admission rule and for the operator alike.
//!
//! Source: Amazon ECS developer guide, "Task CPU and memory".

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use kube::core::{Message, Rule};
use schemars::{Schema, SchemaGenerator, json_schema};

/// Sizes with the same CPU and memory at even steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// CPU in thousandths of a core.
    pub cpu_milli: i32,
    /// Least memory in MiB.
    pub from_mib: i32,
    /// Most memory in MiB.
    pub to_mib: i32,
    /// Step between sizes in MiB; divides the least and the most.
    pub step_mib: i32,
}

/// All sizes, small ones first.
pub const SIZES: [Sizes; 8] = [
    sizes(250, 512, 1024, 512),
    sizes(250, 2048, 2048, 1024),
    sizes(500, 1024, 4096, 1024),
    sizes(1000, 2048, 8192, 1024),
    sizes(2000, 4096, 16384, 1024),
    sizes(4000, 8192, 30720, 1024),
    sizes(8000, 16384, 61440, 4096),
    LARGEST,
];

const LARGEST: Sizes = sizes(16000, 32768, 122_880, 8192);

/// Range of the local disk in GiB: what a task gets without asking, and the most it can have.
const DISK_GIB: std::ops::RangeInclusive<i32> = 20..=200;

const fn sizes(cpu_milli: i32, from_mib: i32, to_mib: i32, step_mib: i32) -> Sizes {
    Sizes { cpu_milli, from_mib, to_mib, step_mib }
}

/// CPU and memory of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size {
    /// CPU in thousandths of a core.
    pub cpu_milli: i32,
    /// Memory in MiB.
    pub memory_mib: i32,
}

/// Why a quantity gives no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Not a quantity of cores.
    #[error("controller.cpu {0:?} is not a number of cores such as 2 or 500m")]
    Cpu(String),
    /// Not a quantity of memory.
    #[error("controller.memory {0:?} is not an amount of memory such as 4Gi or 512Mi")]
    Memory(String),
    /// Not a size of the local disk.
    #[error("controller.ephemeralStorage {0:?} is not between 20Gi and 200Gi")]
    Disk(String),
    /// Fargate has no such pair.
    #[error("cpu {} with memory {} is not a size of Fargate: the nearest is cpu {}, memory {}",
        asked.cpu(), asked.memory(), nearest.cpu(), nearest.memory())]
    Pair {
        /// What was asked for.
        asked: Size,
        /// What Fargate has instead.
        nearest: Size,
    },
}

impl Size {
    /// Reads a size that Fargate has.
    ///
    /// # Errors
    /// When one of them is not such a quantity, or Fargate has no such pair; the error then names the nearest.
    pub fn parse(cpu: &Quantity, memory: &Quantity) -> Result<Self, SizeError> {
        let asked = Self {
            cpu_milli: milli(&cpu.0).ok_or_else(|| SizeError::Cpu(cpu.0.clone()))?,
            memory_mib: mib(&memory.0).ok_or_else(|| SizeError::Memory(memory.0.clone()))?,
        };
        if asked.exists() { Ok(asked) } else { Err(SizeError::Pair { asked, nearest: asked.nearest() }) }
    }

    /// Whether Fargate has this size.
    pub fn exists(self) -> bool {
        SIZES.iter().any(|s| {
            s.cpu_milli == self.cpu_milli
                && (s.from_mib..=s.to_mib).contains(&self.memory_mib)
                && self.memory_mib % s.step_mib == 0
        })
    }

    /// The smallest size that Fargate has with at least this much CPU and memory; beyond the largest, the largest
    /// with the memory cut to what it can have.
    pub fn nearest(self) -> Self {
        let s = SIZES.iter().find(|s| s.cpu_milli >= self.cpu_milli && s.to_mib >= self.memory_mib).unwrap_or(&LARGEST);
        let wanted = self.memory_mib.clamp(s.from_mib, s.to_mib);
        Self { cpu_milli: s.cpu_milli, memory_mib: (wanted + s.step_mib - 1) / s.step_mib * s.step_mib }
    }

    /// CPU in the units of Amazon ECS, 1024 for a core.
    pub fn cpu_units(self) -> i32 {
        self.cpu_milli * 128 / 125
    }

    /// CPU as a quantity. Example: `500m`.
    pub fn cpu(self) -> String {
        if self.cpu_milli % 1000 == 0 { format!("{}", self.cpu_milli / 1000) } else { format!("{}m", self.cpu_milli) }
    }

    /// Memory as a quantity. Example: `4Gi`.
    pub fn memory(self) -> String {
        if self.memory_mib % 1024 == 0 {
            format!("{}Gi", self.memory_mib / 1024)
        } else {
            format!("{}Mi", self.memory_mib)
        }
    }
}

/// Reads the size of the local disk, in GiB.
///
/// # Errors
/// When it is not between 20Gi and 200Gi.
pub fn disk_gib(quantity: &Quantity) -> Result<i32, SizeError> {
    let gib = quantity.0.strip_suffix("Gi").and_then(|digits| digits.parse().ok());
    gib.filter(|gib| DISK_GIB.contains(gib)).ok_or_else(|| SizeError::Disk(quantity.0.clone()))
}

/// Cores to thousandths: `2`, `0.5` and `500m`.
fn milli(text: &str) -> Option<i32> {
    if let Some(milli) = text.strip_suffix('m') {
        return milli.parse().ok();
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 {
        return None;
    }
    let whole: i32 = whole.parse().ok()?;
    let fraction: i32 = format!("{fraction:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(fraction)
}

/// Memory to MiB: `512Mi` and `4Gi`.
fn mib(text: &str) -> Option<i32> {
    if let Some(mib) = text.strip_suffix("Mi") {
        return mib.parse().ok();
    }
    text.strip_suffix("Gi")?.parse::<i32>().ok()?.checked_mul(1024)
}

/// A whole number or a string, as for the containers of a pod.
pub(crate) fn cpu_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "x-kubernetes-int-or-string": true,
        "maxLength": 8,
        "pattern": r"^([0-9]{1,5}m|[0-9]{1,2}(\.[0-9]{1,3})?)$",
    })
}

pub(crate) fn memory_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "maxLength": 8, "pattern": "^[0-9]{1,6}(Mi|Gi)$" })
}

pub(crate) fn disk_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "maxLength": 8, "pattern": "^[0-9]{1,6}Gi$" })
}

pub(crate) fn disk_rule() -> Rule {
    let (least, most) = (DISK_GIB.start(), DISK_GIB.end());
    Rule::new(format!(
        "quantity(self).compareTo(quantity('{least}Gi')) >= 0 && quantity(self).compareTo(quantity('{most}Gi')) <= 0"
    ))
    .message(format!("controller.ephemeralStorage must be between {least}Gi and {most}Gi").as_str())
}

/// The admission rule: [`Size::exists`] in CEL, with [`Size::nearest`] in its message.
///
/// CEL has no variables, so a list of one item and `map` bind a value to a name: `w` is what was wanted as thousandths
/// of a core and MiB, `p` a pair of it and the row of [`SIZES`] that fits, `n` the nearest size.
pub(crate) fn size_rule() -> Rule {
    let row = |s: &Sizes| format!("[{}, {}, {}, {}]", s.cpu_milli, s.from_mib, s.to_mib, s.step_mib);
    let rows = format!("[{}]", SIZES.iter().map(row).collect::<Vec<_>>().join(", "));
    let wanted = "[[int(quantity(string(self.cpu)).asApproximateFloat() * 1000.0), quantity(self.memory).asInteger() / 1048576]]";
    // What is no quantity at all is left to the patterns.
    let quantities = "isQuantity(string(self.cpu)) && isQuantity(self.memory) && quantity(self.memory).isInteger()";
    let exists = format!(
        "!({quantities}) || {wanted}.all(w, {rows}.exists(r, r[0] == w[0] && r[1] <= w[1] && w[1] <= r[2] && w[1] % r[3] == 0))"
    );
    let fitting = format!("({rows}.filter(r, r[0] >= w[0] && r[2] >= w[1]) + [{}])[0]", row(&LARGEST));
    let memory =
        "p[0][1] <= p[1][1] ? p[1][1] : p[0][1] >= p[1][2] ? p[1][2] : (p[0][1] + p[1][3] - 1) / p[1][3] * p[1][3]";
    // `format` and not `+`: the API server takes the length of `string(number)` for boundless, and so its cost.
    let cpu_text = "n[0] % 1000 == 0 ? '%d'.format([n[0] / 1000]) : '%dm'.format([n[0]])";
    let memory_text = "n[1] % 1024 == 0 ? '%dGi'.format([n[1] / 1024]) : '%dMi'.format([n[1]])";
    let text = format!(
        "'cpu %s with memory %s is not a size of Fargate: the nearest is cpu %s, memory %s'.format([string(self.cpu), self.memory, {cpu_text}, {memory_text}])"
    );
    let message = format!("{wanted}.map(w, [w, {fitting}]).map(p, [p[1][0], {memory}]).map(n, {text})[0]");
    Rule::new(exists).message(Message::Expression(message)).field_path(".memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(cpu: &str, memory: &str) -> Result<Size, SizeError> {
        Size::parse(&Quantity(cpu.into()), &Quantity(memory.into()))
    }

    #[test]
    fn every_pair_of_the_developer_guide_exists() {
        let count = |cpu_milli| (0..200_000).filter(|&memory_mib| Size { cpu_milli, memory_mib }.exists()).count();
        // 0.25: 3; 0.5: 1-4; 1: 2-8; 2: 4-16; 4: 8-30; 8: 16-60 by 4; 16: 32-120 by 8.
        assert_eq!([250, 500, 1000, 2000, 4000, 8000, 16000].map(count), [3, 4, 7, 13, 23, 12, 12]);
    }

    #[test]
    fn quantities_in_every_spelling() {
        let size = Size { cpu_milli: 500, memory_mib: 2048 };
        for (cpu, memory) in [("500m", "2Gi"), ("0.5", "2048Mi"), ("0.500", "2Gi")] {
            assert_eq!(parse(cpu, memory), Ok(size), "{cpu} {memory}");
        }
        assert_eq!(parse("16000m", "120Gi").map(Size::cpu_units), Ok(16384));
        assert_eq!(parse("250m", "512Mi").map(Size::cpu_units), Ok(256));
    }

    #[test]
    fn nearest_has_at_least_what_was_asked() {
        let table = [
            ("1", "1Gi", "cpu 1, memory 2Gi"),
            ("1", "9Gi", "cpu 2, memory 9Gi"),
            ("3", "8Gi", "cpu 4, memory 8Gi"),
            ("250m", "600Mi", "cpu 250m, memory 1Gi"),
            ("250m", "1500Mi", "cpu 250m, memory 2Gi"),
            ("8", "17Gi", "cpu 8, memory 20Gi"),
            ("4", "31Gi", "cpu 8, memory 32Gi"),
            ("16", "128Gi", "cpu 16, memory 120Gi"),
            ("32", "64Gi", "cpu 16, memory 64Gi"),
            ("100m", "100Mi", "cpu 250m, memory 512Mi"),
        ];
        for (cpu, memory, nearest) in table {
            let text = parse(cpu, memory).unwrap_err().to_string();
            assert!(text.ends_with(nearest), "{cpu} {memory}: {text}");
        }
    }

    #[test]
    fn nearest_always_exists() {
        for cpu_milli in (50..20_000).step_by(50) {
            for memory_mib in (100..140_000).step_by(100) {
                let asked = Size { cpu_milli, memory_mib };
                let nearest = asked.nearest();
                assert!(nearest.exists(), "{asked:?} -> {nearest:?}");
                assert!(!asked.exists() || nearest == asked, "{asked:?} -> {nearest:?}");
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for cpu in ["", "two", "2.0001", "-", "99999999999", "0.5m"] {
            assert_eq!(parse(cpu, "4Gi"), Err(SizeError::Cpu(cpu.into())));
        }
        for memory in ["", "4", "4G", "Gi", "4.5Gi", "9999999Gi"] {
            assert_eq!(parse("2", memory), Err(SizeError::Memory(memory.into())));
        }
        assert_eq!(disk_gib(&Quantity("200Gi".into())), Ok(200));
        assert!(disk_gib(&Quantity("201Gi".into())).is_err());
    }
}
