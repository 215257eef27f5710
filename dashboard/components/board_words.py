"""What the exercise page says, in the viewer's language. The page itself knows no language."""

from typing import Final

from ...firmware_bridge.samples import ToolKind
from ...hub.records.vocabulary import Hand
from .. import words
from ..i18n import N_, _

_WORDS: Final = {
    # squeezing as one likes
    "waiting.title": N_("Ready when you are"),
    "waiting.text": N_(
        "Pick up your ball or putty and give it one squeeze to wake it. It appears here by itself."
    ),
    "hub_away.title": N_("GripHub is not answering"),
    "hub_away.text": N_(
        "Is the box with GripHub switched on? This page carries on by itself as soon as it is."
    ),
    "disconnected.title": N_("This page lost its connection"),
    "disconnected.text": N_(
        "Squeezes are still counted. The page is trying to come back; if it stays like this, reload it."
    ),
    "people_away.title": N_("GripHub cannot look up who you are right now"),
    "people_away.text": N_(
        "Squeezes are still counted. The page tries again by itself; if it stays like this, tell whoever "
        "looks after GripHub."
    ),
    "not_allowed.title": N_("You are not signed in for this child any more"),
    "not_allowed.text": N_("What was counted is safe. Load the page again and sign in."),
    "goal_is": N_("The goal is {goal} squeezes."),
    "of_goal": N_("of {goal}"),
    "squeeze": N_("squeeze"),
    "squeezes": N_("squeezes"),
    "simulated": N_("simulated"),
    "safe": N_("Your count is safe."),
    "best": N_("best"),
    "best_squeeze": N_("Best squeeze {best}"),
    "curve": N_("{quantity} over the last {seconds} seconds. {count} squeezes counted."),
    "begin": N_("Squeeze and let go."),
    "first": N_("That’s one. Off you go!"),
    "lovely": N_("Lovely, keep going!"),
    "half": N_("More than half – great work!"),
    "nearly": N_("Nearly there!"),
    "bonus": N_("You did it! Every extra one is a bonus."),
    "did_it": N_("You did it! Well done."),
    "next_time": N_("Well done. See you next time!"),
    "for_now": N_("All done for now."),
    "quiet.ball": N_("The ball went quiet. Bring it nearer – your count is safe."),
    "quiet.putty": N_("The putty went quiet. Bring it nearer – your count is safe."),
    "quiet.dynamometer": N_("The grip went quiet. Bring it nearer – your count is safe."),
    # what the hub says in an exercise that it leads
    "cue.lay_down": N_("Lay it down and let go for a moment."),
    "cue.warm_up": N_("Pick it up. A few easy squeezes to warm up."),
    "cue.go": N_("Here we go!"),
    "cue.good": N_("Well done!"),
    "cue.good.1": N_("Lovely!"),
    "cue.good.2": N_("That was a good one!"),
    "cue.good.3": N_("Keep going!"),
    "cue.good.4": N_("Nice and steady!"),
    "cue.held": N_("Held all the way!"),
    "cue.let_go": N_("And let go."),
    "cue.softer": N_("A little softer."),
    "cue.little_more": N_("A little more, if you like."),
    "cue.half_way": N_("Half of it is done."),
    "cue.one_more": N_("One more!"),
    "cue.together": N_("Both hands together."),
    "cue.other_hand": N_("Now the other hand."),
    "cue.take_your_time": N_("There is no hurry. Go on when you are ready, or stop here."),
    "cue.rest": N_("Rest. Shake your hands."),
    "cue.rest_longer": N_("Take all the time you need."),
    "cue.rest_over": N_("Ready for the next round?"),
    "cue.go_on": N_("It is back. We go on where we were."),
    "cue.ask_go_on": N_("Ask your child: shall we go on?"),
    "cue.enough_today": N_("That is all that is good for one day."),
    "cue.all_done": N_("All done! How was it?"),
    "cue.stopped": N_("We stop here. Good that you said so."),
    "cue.stopped_for_pain": N_("We stop here. Thank you for telling."),
    # of a strength test
    "cue.squeeze": N_("Squeeze as hard as you can."),
    "cue.hold": N_("Hold!"),
    "cue.ask_after": N_("All trials are done. Two short questions are left."),
    "practice": N_("Try it once, to learn how."),
    "sit": N_("Sit upright, feet on the floor, elbow at the side."),
    "trial_of": N_("of {n} trials"),
    "practice_of": N_("For practice: this one does not count."),
    "news.Practice is done.": N_("Practice is done."),
    "news.That one counts.": N_("That one counts."),
    "news.Give the tool to the left hand.": N_("Now it is the left hand’s turn."),
    "news.Give the tool to the right hand.": N_("Now it is the right hand’s turn."),
    "news.does_not_count": N_("That one is done once more. That happens."),
    "news.no_trial": N_("That was only picking it up."),
    "way.none": N_("The force is not shown in a test: it would change how hard one squeezes."),
    # where a tool is
    "wake.ball": N_("Squeeze the ball once to wake it."),
    "wake.putty": N_("Press the putty once to wake it."),
    "wake.dynamometer": N_("Squeeze the grip once to wake it."),
    "away.ball": N_("Bring the ball nearer; your count is safe."),
    "away.putty": N_("Bring the putty nearer; your count is safe."),
    "away.dynamometer": N_("Bring the grip nearer; your count is safe."),
    "lost.disconnected": N_("This page lost its connection. The count is safe; it comes back by itself."),
    "lost.people_away": N_(
        "GripHub cannot look up who you are right now. The count is safe; the page comes back by itself."
    ),
    "lost.not_allowed": N_("You are not signed in for this child any more. Load the page again."),
    "lost.hub": N_("GripHub is not answering. The count is safe; it goes on as soon as it is back."),
    # how far it has come
    "for_parent": N_("For the grown-up"),
    "warm_up_free": N_("These do not count yet."),
    "warm_up_of": N_("of {n} to warm up"),
    "reps_of": N_("of {n}"),
    "set_of": N_("Set {set} of {sets}"),
    "sets_to_come": N_("Sets: {sets}"),
    "rest_next": N_("Then comes set {set} of {sets}."),
    "seconds": N_("seconds"),
    "picture": N_("{n} of {of} squeezes in set {set} of {sets}."),
    "hits": N_("Right in the band: {hits}"),
    # buttons
    "stop": N_("Stop"),
    "stop_parent": N_("Stop, as the grown-up"),
    "it_hurts": N_("It hurts"),
    "longer": N_("A longer break"),
    "ready": N_("I’m ready"),
    "go_on": N_("Go on"),
    "answer": N_("Answer"),
    "skip_quiet": N_("Go on without this"),
    "skip_warm_up": N_("No more warm-up"),
    "skip_set": N_("To the next part"),
    "ways": N_("How it looks and sounds"),
    "way.balloon": N_("Balloon"),
    "way.garden": N_("Garden"),
    "way.bar": N_("Just a bar"),
    "calm": N_("Calm: nothing moves but the bar, no sound"),
    "sound": N_("Small sounds"),
    "yes": N_("Yes"),
    "no": N_("No"),
    "faces.title": N_("How much does it hurt?"),
    "faces.why": N_("Touch the face that shows how much it hurts right now."),
    "faces.after": N_("How does the hand feel now?"),
    "faces.why_after": N_("Touch the face that shows how much it hurts right now."),
    "faces.none": N_("no pain"),
    "faces.most": N_("very much pain"),
    "faces.just_stop": N_("Just stop"),
    "faces.never_mind": N_("It is fine, go on"),
    "faces.no_answer": N_("No answer"),
    "faces.sat": N_("Did your child sit upright, with the elbow at the side?"),
    # why a button did nothing
    "offline": N_("That did not get through. It works again as soon as the page is connected."),
    "stop_offline": N_("Just put it down. We stop as soon as the page is connected again."),
    "refused.too_fast": N_("One press is enough. Wait a moment."),
    "refused.people_away": N_(
        "GripHub cannot look up who you are right now. Put the tool down, and press again in a moment."
    ),
    "refused.not_allowed": N_("You are not signed in for this child any more. Load the page again."),
    "refused.not_understood": N_("This page is out of date. Load it again."),
    "refused.other": N_("That did not work this time. Press again in a moment."),
    "refused.hub_away": N_("GripHub did not answer. Put the tool down, and press again in a moment."),
    # the end
    "ended.done": N_("You did it!"),
    "ended.test": N_("That was the test. Thank you!"),
    "ended.enough": N_("That is all that is good for one day"),
    "ended.pain": N_("We stop here. Thank you for telling."),
    "ended.child": N_("We stop here. Good that you said so."),
    "ended.parent": N_("We stop here for today"),
    "ended.left": N_("We stopped, as nobody was there"),
    "kind.done": N_("Every squeeze was your own work. Shake your hands and have a rest."),
    "kind.test": N_("The result goes to the therapist, who looks at it over many weeks."),
    "kind.enough": N_("Your hands have worked enough for today. Tomorrow is another day."),
    "kind.pain": N_("Telling is always right. Rest the hand, and ask again in a while how it feels."),
    "kind.child": N_("To stop when it is enough is a skill, too. What you did counts."),
    "kind.parent": N_("What was done counts. Go on another time."),
    "kind.left": N_("What was done counts. Go on whenever it suits."),
    "came": N_("{n} of {of} squeezes"),
    "came_one": N_("{n} of {of} squeezes"),
    "came_trials": N_("{n} trials that count"),
    "garden": N_("Your garden of today: {n} plants"),
    "garden_one": N_("Your garden of today: one plant"),
    "how_it_went": N_("How it went"),
    "back": N_("Back to the start"),
}


def board_words() -> dict[str, str]:
    """All that the page says, by key."""
    said = {key: _(text) for key, text in _WORDS.items()}
    said |= {f"tool.{kind.value}": words.tool(kind) for kind in ToolKind}
    return said | {hand.value: words.hand(hand) for hand in Hand}
