"""The demo's children: plausible, and different in what makes counting hard."""

from .child import ChildModel, Strength

#: The demo's children. Names are invented.
PRESETS: dict[str, ChildModel] = {
    child.child_id: child
    for child in (
        ChildModel(
            "c-4f21",
            "Mia",
            age_years=6.4,
            left=Strength(24.0, gain=0.6),
            right=Strength(42.0, gain=0.15),
            share_of_peak=0.5,
            share_sd=0.16,
            session_sd=0.12,
            rise_s=0.5,
            hold_s=1.1,
            release_s=0.55,
            rest_s=1.5,
            irregularity=0.3,
            unsteadiness=0.02,
            tremor_hz=6.5,
            tremor_share=0.035,
            fatigue=0.02,
            keeps_hold_chance=0.25,
            mere_start_chance=0.06,
            bump_n=0.8,
            weak_day_chance=0.12,
            weak_day_share=0.65,
        ),
        ChildModel(
            "c-9b07",
            "Jonas",
            age_years=9.1,
            left=Strength(118.0, gain=0.08),
            right=Strength(132.0, gain=0.12),
        ),
        ChildModel(
            "c-e53a",
            "Lea",
            age_years=12.8,
            left=Strength(138.0, gain=0.2),
            right=Strength(196.0, gain=0.03),
            share_of_peak=0.5,
            share_sd=0.25,
            session_sd=0.1,
            rise_s=0.3,
            hold_s=1.2,
            rest_s=1.2,
            irregularity=0.4,
            unsteadiness=0.02,
            clonus_share=0.08,
            clonus_chance=0.15,
            fatigue=0.015,
            keeps_hold_chance=0.2,
            pause_chance=0.12,
            mere_start_chance=0.05,
            bump_n=2.5,
        ),
    )
}
