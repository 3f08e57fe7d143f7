//! What a difference leads to.

use jenkinsstack_core::diff::{Change, Diff, Field};

fn field(name: &'static str, from: &str, to: &str) -> Field {
    Field { name, from: from.into(), to: to.into() }
}

#[test]
fn the_gravest_difference_decides() {
    for (name, diff, expected) in [
        ("nothing differs", Diff::default().in_place("a", &1, &1).fixed("b", &1, &1), Change::Same),
        (
            "fields are listed in their order",
            Diff::default().in_place("b", &2, &1).in_place("a", &"y", &"x"),
            Change::InPlace { fields: vec![field("b", "1", "2"), field("a", "x", "y")] },
        ),
        (
            "a fixed field needs a new resource, and the rest comes with it",
            Diff::default().in_place("a", &2, &1).fixed("b", &2, &1),
            Change::Replace { fields: vec![field("b", "1", "2")] },
        ),
        (
            "a refusal stands above all",
            Diff::default().in_place("a", &2, &1).fixed("b", &2, &1).refused("c", &true, &false, "do this"),
            Change::Refused { fields: vec![field("c", "false", "true")], remedy: "do this" },
        ),
        ("what may be refused and does not differ", Diff::default().refused("c", &1, &1, "do this"), Change::Same),
        (
            "absence is a value",
            Diff::default().in_place("a", &Some("x"), &None),
            Change::InPlace { fields: vec![field("a", "null", "x")] },
        ),
    ] {
        assert_eq!(diff.done(), expected, "{name}");
    }
}
