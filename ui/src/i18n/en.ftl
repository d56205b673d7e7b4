program = Veche
loading = Reading…
reading = Reading the vault
trouble-title = Could not start
close = Close
cancel = Cancel
back = Back
back-to-list = Back to the list
details = Details
copy = Copy
copied = Copied
language = Language
theme = Colours
theme-system = As the system
theme-light = Light
theme-dark = Dark
theme-light-do = Light colours
theme-dark-do = Dark colours
text-size = Text size
text-size-normal = Normal
text-size-large = Large
text-size-largest = Very large
unit = Unit of time
unit-seconds = seconds
unit-minutes = minutes
unit-hours = hours
unit-days = days
span-days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
span-hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
span-minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
span-seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
size-bytes = { $count ->
    [one] { $count } byte
   *[other] { $count } bytes
}
size-kilobytes = { $count } KB
size-megabytes = { $count } MB

## Vault

create-title = Create your vault
create-lead = Everything that Veche knows lies on this device in one vault: keys, conversations, votes.
create-honest = Without the passphrase nobody opens the vault, we included. A forgotten passphrase cannot be recovered or reset. It does not help while the vault is open, or if somebody else's program runs on the device.
create = Create the vault
creating = Creating…
passphrase = Passphrase
passphrase-again = Once more
passphrase-differs = The two differ.
passphrase-show = Show the passphrase
strength-empty = Best: six or more random words that have nothing to do with you or with each other.
strength-short = Too short: at least eight characters.
strength-weak = Weak: whoever gets the device may guess it. Add words.
strength-fair = Not bad. One or two more random words make it strong.
strength-strong = Strong, if chance chose the words.
vault-path = The vault will be here: { $path }
unlock-title = Open your vault
unlock = Open
unlocking = Opening…
lock = Lock
lock-do = Lock the vault

## Into an assembly

welcome-title = Have you been invited?
welcome-lead = Paste the link that you were given. Or found an assembly of your own, or add this device to your first one.
welcome-way = How to begin
welcome-join = I have an invitation
welcome-found = Found an assembly
welcome-device = Another device of mine
device-link-paste = Link from your first device
device-link-paste-hint = Your first device shows it: Settings, “Devices”, “Add a device”. Reading it needs no network.
device-link-reads = This device will be yours in the assembly “{ $assembly }”.
device-name = Name of this device
device-name-hint = You tell it by this name in the list. Only your first device sees it.
device-join = Ask to be let in
device-misplaced = This is no invitation but a link from your first device, so we opened this form.
invitation-misplaced = This is no device link but an invitation to an assembly, so we opened this form.
invitation-link = Invitation link
invitation-link-hint = It carries everything: the relay's address and key, and a secret for one use. Reading it needs no network.
invitation-reads = You are invited to the assembly “{ $assembly }”.
role-offered = Role offered
valid-until = Valid until
assembly-id = Assembly id
relay = Relay
own-name = Your name
own-name-hint = As the members will see it. A pseudonym will do. The relay sees no names.
join = Ask to be admitted
carrier = Way to the relay
carrier-direct = Direct
carrier-socks5 = Through Tor or SOCKS5
carrier-direct-hint = Your provider sees which server you connect to, but not what you write. If that is dangerous, start Tor and choose it here.
carrier-address = Address of the proxy
carrier-address-hint = Host and port. Tor is usually at 127.0.0.1:9050, Tor Browser at 127.0.0.1:9150.
carrier-change = Change the way to the relay
carrier-save = Apply
assembly-name = Name of the assembly
declaration = Founding declaration
declaration-hint = Why you assemble, and on what principles. It cannot be changed later: the assembly's id follows from it and the charter.
relay-address = Relay address
relay-address-hint = A line that begins with veche-relay://. Whoever runs the relay gives it to you.
charter-details = Numbers of the charter
charter-details-hint = An empty field keeps the default. After the founding only a decision of the assembly changes the charter.
by-default = default
charter = Charter
charter-ties = When votes are equal
charter-ties-fail = the seat stays empty
charter-ties-public-order = an order fixed by the opening of the vote decides
charter-founding-seats = Founding ends at so many seats
charter-endorsements = Endorsements for an admission
charter-objectors = Objections that make it a motion
charter-seconders = Deputies who must second a motion
charter-trustees = Trustees
charter-threshold = Shares that open a ballot box
charter-roll-floor = Least roll of a secret vote
charter-ballots-floor = Least number of ballots
charter-detain-signers = Signers of a detention
charter-cooling-off = A new seat votes after
charter-objection = Time for objections
charter-notice = Notice before the opening
charter-voting-least = Least voting time
charter-voting-greatest = Greatest voting time
charter-closing = Time to seal the box
charter-slot = Slot of the ballot box
charter-cosign = Witnesses cosign every
charter-sealing-round = Wait for a silent trustee
found = Found the assembly
standing-requested = Your request has been sent.
standing-proposed = Your admission has been proposed to the assembly.
standing-removed = You are no longer a member of this assembly.
standing-revoked = This device is no longer in the assembly: it was removed. You are still a member, on your other devices.
standing-entering = Your first device has let this one in.
device-waits-lead = Type this code on your first device.
device-waits = Waiting for your first device to let this one in
device-waits-hint = Your first device asks for the code and checks it. If it says that the code is another one, do not let anybody in: somebody stands between the devices. You may close the window: once this device is let in, Veche opens the assembly at the next start.
device-enters = Bringing the journal and the conversations
device-enters-hint = They come while your first device is online. You may close the window: what is missing comes at the next start.
standing-refused = You did not get into “{ $assembly }”: the invitation or the device link expired, was used, or was turned down. You can ask for another.
standing-waits = Waiting for members' endorsements
standing-hint = The assembly decides, not one person. You may close the window: once you are admitted, Veche opens the assembly at the next start.

## Frame

sections = Sections
rail-conversations = Conversations
rail-motions = Motions
rail-members = Members
rail-audit = Audit
rail-settings = Settings
rail-new = new
connection-idle = No connection is needed yet.
connection-connecting = Connecting to the relay.
connection-online = Connected to the relay.
connection-offline = The relay cannot be reached. We keep trying; nothing you wrote is lost.
connection-wrong-relay = Something else answers at the relay's address.
connection-idle-short = Idle
connection-connecting-short = Connecting
connection-online-short = Online
connection-offline-short = Offline
connection-wrong-relay-short = Wrong relay
connection-through = Through { $address }.
connection-wrong-relay-long = Somebody else answers at the relay's address: the key is wrong. Nothing was sent there, and what you wrote is safe in the vault. Change the connection, to Tor for example, or ask who runs the relay.
clock-skew = This device's clock differs from the relay's by { $span }. Set the right time: deadlines depend on it.
outbox-waits = { $count ->
    [one] Offline. { $count } entry waits to be sent: it is safe in the vault and leaves by itself.
   *[other] Offline. { $count } entries wait to be sent: they are safe in the vault and leave by themselves.
}
catching-up = Catching up with the journal: { $done } of { $total }
notice-relay-answers-nonsense = The relay answers something that cannot be understood. Your data is safe, and Veche tries again; if it stays so, tell who runs the relay.
notice-relay-restored = The relay was set back to an older state and lost entries. Members’ devices give back what they hold; what you write waits until then.
notice-relay-full = The relay has no space left. What you wrote waits in the vault and leaves by itself; tell who runs the relay.
notice-update-needed = The journal has an entry that only a newer Veche understands. Update the program: until then the assembly is not shown further.
notice-journal-key-missing = The journal's key has not come yet. Nothing needs to be done: other members send it when they are online.
notice-resync-needed = This conversation cannot be read any further: the device has fallen out of step. What was read is safe. Ask the deputies to admit you again.
notice-vault-rolled-back = The vault was put back to an older state, perhaps from a copy of the disk. Check your latest messages and votes.
notice-clock-wrong = This device's clock is well off the relay's. Set the right time and time zone: deadlines depend on them.
notice-step-failed = Something failed inside and was undone; it is tried again. If this stays, lock the vault and unlock it.
notice-false-box = A motion was opened with a ballot box that is not the members' own. Nobody can vote in it; propose it again, and ask who opened it.
unread = { $count ->
    [one] { $count } unread message
   *[other] { $count } unread messages
}
commands = Commands
commands-hint = What to do or where to go
commands-none = Nothing found
command-motion = Motion: { $title }
command-member = Member: { $name }
command-conversation = Conversation: { $title }

## Conversations

plenary = Plenary
plenary-subtitle = { $count ->
    [one] { $count } member
   *[other] { $count } members
}
group-subtitle = { $count ->
    [one] Group · { $count } member
   *[other] Group · { $count } members
}
kind-direct = Direct conversation
kind-group = Working group
kind-own = Notes to self
notes-subtitle = Only your own devices read them
pinned = pinned
muted = muted
archived-count = Archive: { $count }
you = You
alone-short = Nobody else is here yet
alone = Nobody else is here yet. Write: your words wait and leave when somebody comes in.
alone-nobody = Nobody else is here. Who comes in later does not read what was written before.
standing-left = This device is no longer in the conversation. What was read stays; nothing new comes, and nothing can be written.
standing-ended = This conversation has ended: the plenary was founded anew and goes on in another one. What was read stays; nothing can be written here.
standing-halted = This device lost its way and cannot read on. It asks by itself to be added again and returns when somebody's device has done so; what was read is safe.
begin-title = New conversation
begin-kind = With whom
begin-direct = Direct
begin-means-direct = Only the two of you read it. If there is such a conversation already, it opens.
begin-means-group = Only those in the group read it. Others are shown neither its name nor who is in it.
begin-whom-direct = With whom to talk
begin-whom-group = Whom to bring in
begin-chosen = Chosen: { $count }. At most: { $limit }.
begin-too-many = Too many: { $over } over the { $limit } that there is room for. Take some out.
begin-direct-do = Begin
begin-group-do = Found the group
group-name = Name of the group
rename-open = Rename…
rename-title = Rename the group
rename-means = Everybody in the group sees the new name, and a line that says who gave it. Nobody else is shown it.
rename-do = Rename
rename-sent = The name is on its way; it changes when it stands in the conversation.
renamed = { $who }: the group is now called “{ $name }”.
renamed-short = new name: { $name }
picker-search = Find by name
picker-nobody = There is nobody to choose.
picker-none = Nobody has such a name.
picker-found = { $count ->
    [one] { $count } member found
   *[other] { $count } members found
}
write-to = Write
safety = Safety number
safety-how = Meet or call each other on video, open each other's pages, and compare all digits, or the code with a camera. If they are equal, nobody stands between your devices.
safety-qr = The same safety number, to be looked at by a camera
safety-differs = If they differ, write nothing of weight here and tell the others outside Veche. When keys change, so does the number, and the mark goes by itself.
safety-not-yet = You have not compared the number with this member yet.
safety-done = You compared the number: { $time }.
safety-mark = Compared: they are equal
safety-unmark = Take the mark away
verified = compared by you
about = About the conversation
about-back = Back to the messages
about-who = Who is here
about-notes = Only your own devices are here. Nobody else in the assembly knows of these notes.
about-notes-own = How you have them
about-own = How you have it
about-own-hint = Other members do not see this.
receipts = What others see
receipts-none = Nothing
receipts-arrived = That a message has come to my device
receipts-read = That, and that I have read it
receipts-hint = It holds for this conversation alone, and is told a while later for everything together, so that the time gives little away.
receipts-plenary = Nothing. In the plenary no device tells what has come to it: everybody would see when it is on the network.
about-code = Safety code
about-code-means = It must be the same for everybody who is in the conversation now. The devices compare it by themselves; to check them, compare it aloud or when you meet. It changes with the roster and the keys. If codes differ for long with the same roster, somebody is being lied to: say so outside Veche.
arrange-pinned = Pin
arrange-pinned-hint = It stands above the others in the list.
arrange-muted = Mute
arrange-muted-hint = What is unread is not added to the count of all.
arrange-archived = Archive
arrange-archived-hint = It is put at the end of the list; messages come as before.
present-since = here since { $time }
present-before = here before you
coming = Not here yet: comes in when their device is online.
leaving-own = You are leaving.
leaving-other = You ask them to leave. More than half of the other deputies in the group must.
bring-title = Bring members in
bring-means = They read what is said after they came in, not what was said before.
bring-do = Bring in
bring-full = The group is full.
ask-leave = Ask to leave: { $name }
ask-leave-title = { $name }: ask to leave?
ask-leave-means = It happens when more than half of the other deputies in the group ask for it within 7 days.
ask-leave-then = The member then reads nothing new; what they have read stays with them. What you ask goes to the devices of everybody in the group.
ask-leave-do = Ask
leave-open = Leave the group…
leave-title = Leave the group?
leave-means = You will read and write nothing new here. A deputy in the group can bring you back.
leave-remains = What was read stays: with you on this device, and your words with the others. Everybody in the group sees that you left.
leave-do = Leave
leave-goes-on = You are leaving. Somebody else's device completes it as soon as it is online.
leave-alone = Nobody else is here, so you cannot leave. You can archive the conversation.
empty-direct = Here the two of you speak
empty-group = Here the working group speaks
empty-own = Here you write to yourself
composer-direct = Direct message
composer-group = Message to the group
composer-own = Note to self
conversation-not-yet = The plenary opens when its key arrives.
no-messages = No messages yet
messages = Messages
messages-older = Show earlier ones
messages-empty-title = Here the whole assembly speaks
messages-empty = Only members read the messages. The relay sees times and padded sizes, nothing else.
messages-empty-own = Only your own devices read the notes. The relay sees times and padded sizes, nothing else.
messages-new = New messages
to-newest = To the newest messages
to-newest-unread = { $count ->
    [one] To the newest: { $count } unread message
   *[other] To the newest: { $count } unread messages
}
to-mention = To messages that mention you: { $count }
mentioned = { $count ->
    [one] { $count } message mentions you
   *[other] { $count } messages mention you
}
draft = Draft: { $text }
composer = Message to the assembly
composer-edit = New words of the message
composer-hint = Words can be marked: asterisks make them bold, underscores italic, tildes struck out, backticks code. A line that begins with a greater-than sign is a quotation. After an @ a member can be chosen.
style-bold = bold
style-italic = italic
style-strike = struck out
style-code = code
style-quote = quotation
style-mention = name
mentions = Whom to mention
send = Send
answering = Answering { $name }
answering-unknown = Answering an earlier message
answering-cancel = Do not answer
editing = Editing the message
editing-cancel = Leave it as it was
observer-reads = An observer reads and does not write.
message-by = { $name }, { $time }
message-menu = What to do with the message
message-waiting = waiting to be sent
message-sent = Taken by the relay
message-received = Sent: it stands in the conversation's log
receipt-arrived = Arrived at the other's device
receipt-read = Read
receipt-arrived-of = Arrived: { $count } of { $others }.
receipt-read-of = Read: { $count } of { $others }.
message-changing = The change waits to be sent
message-edited = { $count ->
    [1] edited at { $time }
   *[other] edited { $count } times, last at { $time }
}
message-over = Disappears: { $time }
message-deleted = The author took this message back.
message-deleted-own = You took this message back.
message-deleted-short = message taken back
message-lost = This message is not here any more: it was taken back, or it has disappeared.
answer = Answer
answers = In answer to:
answered-gone = An answer to a message that is not here.
copy-text = Copy the text
edit = Edit
edit-do = Save
react = React
react-other = Any character
react-do = Set
reactions = Reactions
reaction-label = { $emoji } { $count ->
    [one] { $count } reaction: { $who }
   *[other] { $count } reactions: { $who }
}
reactors = Who reacted
take-back = Take back from everybody…
take-back-title = Take the message back from everybody?
take-back-can = Its words and reactions disappear for everybody whose Veche receives this, and are burnt on this device. A line stays that says you took a message back.
take-back-cannot = Who has read it may have remembered it, written it down or taken a picture. This cannot be undone.
take-back-unsent = The message has not left this device yet. If it does not leave before this, nobody ever gets it.
take-back-do = Take back
timer-title = Disappearing messages
timer-means = The time holds for everybody and for new messages only: they disappear for each member once it has passed since they were sent. Who has read them may have kept them otherwise.
timer-choice-off = They stay
timer-choice-hour = 1 hour
timer-choice-day = 1 day
timer-choice-week = 1 week
timer-choice-month = 4 weeks
timer-choice-other = Another time
timer-other-span = They disappear after
timer-limits = From 10 seconds to 366 days.
timer-save = Set
timer-sent = The time has been sent. It holds once the conversation has the line about it.
timer-note = disappear: { $span }
timer-line-set = { $who }: new messages disappear from now on. Time: { $span }.
timer-line-off = { $who }: new messages do not disappear any more.
timer-set = new messages disappear, time: { $span }
timer-off = new messages do not disappear
search = Search
search-in = Search this conversation
search-everywhere = Search messages
search-field = Words of messages
search-close = Close the search
search-where = Where to search
search-here = This conversation
search-all = Everywhere
search-hint = Found are messages that have all the words: whole ones, or beginnings of three letters and more. The search goes through your vault; nothing leaves it.
search-results = What was found
search-none = Nothing was found.
search-found = { $count ->
    [one] { $count } message found
   *[other] { $count } messages found
}
search-many = The newest { $count } are shown. Add a word to find more exactly.
needs-newer-version = A newer version of Veche understands this message.
attached-picture = Picture: { $name }
attached-file = File: { $name }
attach-title = Attach a file
attach-means = The file is encrypted, and only those in the conversation can read it. It may have 64 MB at most.
attach-path = Where the file is
attach-hint = The whole path. A file can also be dragged into the window.
attach-do = Attach
attached = Goes with the message
attached-warning = { $count ->
    [one] The file goes as it is: its author's name, changes, place and other data stay in it. Remove them first if they can do harm.
   *[other] The files go as they are: their authors' names, changes, places and other data stay in them. Remove them first if they can do harm.
}
attached-stripped = Pictures go without the place, the time and the camera that are written in them. Their names go along.
detach = Do not attach: { $name }
drop = Let go to attach: { $place }
fetch-file = Fetch: { $name }
fetch-on = Fetch again: { $name }
cancel-sending = Do not send the file
cancel-fetching = Stop fetching
transfer-sending = The file is being sent
transfer-fetching = The file is being fetched
transfer-of = { $done } of { $total }
transfer-part = { $done } fetched
transfer-gone = The relay says that it does not have this file. Ask it again later, or ask its author to send it once more.
transfer-failed = What the relay gave is not this file, and nothing wrong was kept. Fetch it again, or ask its author to send it once more.
transfer-failed-own = The file has not left. Stop sending it and attach it again.
picture-open = Open the picture: { $name }
picture-opens = The picture opens
picture-alt = The picture { $name }
picture-before = The picture before
picture-after = The next picture
picture-count = { $at } of { $count }
save-file = Save the file…
save-title = Save the file
save-hint = Outside the vault the file is not encrypted, and it does not disappear with the message.
save-do = Save
saved = Saved: { $path } ({ $size }).
roster-changed = the roster changed
roster-added = { $count ->
    [one] A new member joined: { $who }.
   *[other] New members joined: { $who }.
}
roster-came = Now here: { $who }.
roster-removed = { $count ->
    [one] No longer reads this conversation: { $who }.
   *[other] No longer read this conversation: { $who }.
}
seat = Seat { $seat }
seat-short = seat { $seat }
name-with-seat = { $name } (seat { $seat })

## Motions

motions-open = Voting now
motions-coming = Coming
motions-past = Past
motions-none = No motions yet.
motions-empty-title = Here the assembly decides
motions-empty = A deputy proposes a motion, others second it, and after its notice the voting opens. The result of a secret vote is sealed until the close.
propose = Propose a motion
propose-short = Propose
propose-do = Propose
motion-coming = Writing the motion into the journal
motion-coming-note = It is safe in the vault and appears here by itself once the relay has taken it. Without a connection it waits.
propose-subtitle = { $count ->
    [0] No seconders are needed.
    [one] { $count } more deputy must second it.
   *[other] { $count } more deputies must second it.
}
proposed-by = Proposed by { $name } · { $time }
motion-title = Title
motion-text = Text
motion-text-hint = What people will vote for or against. It does not change once proposed.
asked = What the assembly decides
asked-for-against-abstain = Adopt or reject
asked-one-of-many = One option, one mark
asked-up-to-k = Several marks
asked-schulze = In order, one wins
asked-transferable = In order, several win
asked-hint-for-against-abstain = For the text or against it.
asked-hint-one-of-many = Everybody chooses one option; the one with the most votes wins.
asked-hint-up-to-k = Everybody marks one or several options; those with the most marks win.
asked-hint-schulze = Everybody puts the options in order, best first; the one that a majority puts above any other wins.
asked-hint-transferable = Everybody puts the options in order, best first; several win, and a minority gets its share too.
asked-how = How this is counted
asked-how-one-of-many = The votes are added up. One can win with less than half of them. Abstentions count for the quorum only.
asked-how-up-to-k = The marks are added up, and all weigh the same. If all options may be marked, this is approval voting. Abstentions count for the quorum only.
asked-how-schulze = The Schulze method. Every option is compared with every other: which of the two do more voters put above? Who beats all others is elected. If it goes round in a circle (the first beats the second, the second the third, the third the first), the circle is broken where the lead is weakest.
asked-how-transferable = The single transferable vote (STV), by the rules of council elections in Scotland. A vote goes first to the first option on the ballot. Who has the quota is elected, and what is too much goes on to the next on the same ballots. If nobody has it, the last one is excluded, and those votes go on too.
options = Options
options-hint = One in a row: Enter adds the next. A whole list can be pasted. In this order the options will stand on the ballot.
option-number = Option { $number }
option-with-number = { $option } (option { $number })
option-add = Add an option
option-up = Move option { $number } up
option-down = Move option { $number } down
option-remove = Remove option { $number }
option-moved = Now in row { $number } of { $count }
option-removed = { $count ->
    [one] Option removed, { $count } is left
   *[other] Option removed, { $count } are left
}
options-pasted = { $count ->
    [one] { $count } option pasted
   *[other] { $count } options pasted
}
option-empty = Write an option here, or remove the row.
option-repeated = This option is there already: in row { $number }.
option-too-long = Too long: { $most } characters fit. Put the details into the text of the motion.
options-too-many = { $most ->
    [one] Such a vote takes at most { $most } option. Remove some.
   *[other] Such a vote takes at most { $most } options. Remove some.
}
options-recognised = There are many options, and an order of them is almost a signature: who told somebody to vote exactly so can recognise the ballot among the counted ones. Fewer options keep the secret better.
marks-max = How many may be marked
seats-elected = How many are elected
number-limits = From { $least } to { $most }
vote-kind = How to vote
vote-kind-secret = Secret vote
vote-kind-roll-call = Roll-call vote
vote-kind-secret-short = In secret
vote-kind-roll-call-short = By roll-call
vote-kind-hint-secret = Nobody learns who voted what. The result is sealed until the close.
vote-kind-hint-roll-call = Every name stands next to its vote. Votes are seen at once.
majority = Majority
majority-simple = More for than against
majority-absolute = More than half of the deputies for
majority-two-thirds = Two thirds of for and against
majority-three-quarters = Three quarters of for and against
majority-consensus = Nobody against
quorum = Quorum
quorum-share = at least { $share } of the deputies
by-charter = as in the charter
by-charter-span = Charter: { $span }
notice = Notice before the opening
voting-time = Voting time
voting-time-hint = At least { $least }, at most { $greatest }.
rule-quorum = Quorum: at least { $numerator }/{ $denominator } of the deputies entitled to vote.
rule-simple = Adopted with more for than against.
rule-absolute = Adopted if more than half of the deputies entitled to vote are for.
rule-two-thirds = Adopted with at least two thirds of the votes for and against.
rule-three-quarters = Adopted with at least three quarters of the votes for and against.
rule-one-of-many = The option with the most votes wins.
rule-up-to-k = { $marks ->
    [one] One may mark one option.
   *[other] One may mark up to { $marks } options.
} { $seats ->
    [one] The option with the most marks wins.
   *[other] The { $seats } options with the most marks win.
}
rule-schulze = The options are put in order. One wins: the one that a majority puts above any other.
rule-transferable = The options are put in order. { $seats ->
    [one] One wins; votes for those who are excluded go on to the next.
   *[other] { $seats } of them win, in proportion to their supporters.
}
rule-tie-fail = If votes are equal, the seat stays empty.
rule-tie-public-order = If votes are equal, an order fixed by the opening of the vote decides.
rule-consensus = Adopted if nobody is against and somebody is for.
phase = Where the motion stands
phase-proposed = Awaits seconders: { $count } of { $needed }
phase-proposed-long = The motion awaits seconders: { $count } of { $needed }.
phase-noticed = Opens soon
phase-noticed-until = Opens { $time }
phase-noticed-long = Voting opens not before { $time }, in { $span }.
phase-opening = The notice is over. Members' devices open the voting by themselves.
phase-open = Voting now
phase-open-until = Open until { $time }
phase-closed = Closed, being counted
phase-closed-secret = Voting is over. The trustees open the ballot box: { $count } of { $threshold } shares so far. This happens by itself.
phase-closed-roll-call = Voting is over, the votes are being counted.
phase-adopted = Adopted
phase-elected = Chosen: { $options }
phase-rejected = Rejected
phase-void = Void
phase-void-long = The vote is void: too few ballots for the charter, the box was not sealed in time, or too few shares came. The ballots stay sealed. The motion can be proposed again.
phase-withdrawn = Withdrawn
phase-withdrawn-long = Its proposer withdrew the motion before the vote.
second = Second
withdraw = Withdraw the motion

## Voting

voting-until = Voting is open until { $time }. Left: { $span }.
voting-closing = Time is up, the ballot box is being closed.
hides-among = { $count ->
    [one] Your ballot will hide among { $count } voter.
   *[other] Your ballot will hide among { $count } voters.
}
quorum-so-far = { $ballots } of { $electorate } cast. The quorum is { $quorum }.
quorum-there = { $ballots } of { $electorate } cast. The quorum of { $quorum } is there.
your-vote = Your vote
choice-for = For
choice-against = Against
choice-abstain = Abstain
abstain-do = Abstain
ballot-order = The options stand in the order in which their author put them.
marks-so-far = { $count } of { $most } marked
marks-full = { $count } of { $most } marked. To mark another option, take a mark away first.
ranking = Your order
ranking-empty = Nothing here yet. Choose the option below that is best for you, then the next.
ranking-rest = Not in order yet
ranking-rest-schulze = Those left here share the last place.
ranking-rest-transferable = Those left here get nothing of your vote.
ranking-level = All options are equal. That is the same as abstaining: put one above the others.
ranking-then = { $before }; then { $next }
ranking-equal = { $options } (equal)
rank = place { $rank }
rank-add = { $option }: put in place { $rank }
rank-up = { $option }: up
rank-down = { $option }: down
rank-join = { $option }: same place as { $rank }
rank-join-first = { $option }: nobody is above
rank-remove = { $option }: take out of the order
rank-now = { $option }: now in place { $rank }
rank-now-equal = { $option }: now in place { $rank }, equal with { $others }
rank-none = { $option }: now in no place
vote-review = Continue
vote-review-title = Check your vote
vote-confirm = Cast my vote
review-choice = { $choice ->
    [for] You vote *for*.
    [against] You vote *against*.
   *[abstain] You *abstain*.
}
review-option = You vote for *{ $option }*.
review-marks = { $count ->
    [one] You mark { $count } option:
   *[other] You mark { $count } options:
}
review-ranking = Your order, best first:
review-left-schulze = { $count ->
    [1] In the last place: { $options }.
   *[other] In the last place together: { $options }.
}
review-left-transferable = In no place: { $options }.
review-hidden = { $count ->
    [one] Your ballot hides among { $count } member.
   *[other] Your ballot hides among { $count } members.
} Nobody, we included, can learn it.
review-named = Your name will stand next to your vote, and all members will see it.
review-honest = A vote cannot be changed. Whoever stands beside you or controls your device can see the choice; after the vote the ballot is burnt.
roll-small = Few people vote here. If all of them vote alike, no secret is left.
barred-role = This role does not vote. You will see the result with everybody else.
barred-not-in-electorate = You are not in this electorate: your seat is newer, or its cooling-off is not over.
barred-no-ballot-key = The journal had no ballot key of yours when the voting opened, so you cannot take part. Keys are published by themselves while Veche runs.
barred-other-device = Secret votes are cast on your first device. Vote there.
barred-not-open = Voting is not open now.
own-vote-accepted = Your vote is taken
own-choice = { $choice ->
    [for] Your vote: for
    [against] Your vote: against
   *[abstain] Your vote: abstain
}
own-choice-options = Your vote: { $choice }
own-awaiting-witnesses = Witnesses cosign the opening of the vote
own-preparing = The ballot is being prepared
own-prepared = The ballot is ready and will be cast at a random moment
own-prepared-until = The ballot is ready and will be cast by { $time }
own-prepared-late = The ballot is ready, but the box has not taken it yet; Veche keeps trying
own-awaiting-witnesses-done = Witnesses have cosigned the opening of the vote
own-preparing-done = The ballot is proven and sealed
own-prepared-done = The random wait is over
own-cast = The ballot is cast: the relay gave a receipt
own-counted = The ballot is counted in and burnt
own-forwarded = The ballot went through the journal: the box did not take it in time
own-roll-call-prepared = The vote is recorded and being sent
own-roll-call-cast = The relay has taken the vote
own-roll-call-counted = The vote is in the journal and counted
own-roll-call-forwarded = The vote went through the journal
own-waits-note = If you close Veche now, the ballot waits in the vault; start Veche again before the close. The random wait is there so that its time does not tell whose it is.
own-counted-note = Nothing on this device shows your choice any more.
proving = Proving that you are on the roll without naming you
carry = Hand it to a colleague…
carry-refused = The box has not taken your ballot yet. The ballot is safe, and Veche tries again until the close.
carry-offline = The relay is out of reach and your ballot is not cast yet. The ballot is safe and leaves by itself if the connection returns before the close.
carry-way = If it cannot wait, another member can post it in the journal: there it is taken and counted.
carry-title = Hand the ballot to a colleague
carry-what = You will get a long line of characters: your sealed ballot. Give it to one member whom you trust; that member pastes it on the page of this motion. Your name is not in it, and nothing in it can be changed.
carry-colleague-learns = This person learns that the ballot is yours and, after the count, can learn your choice too.
carry-others-learn = The others see who posted the ballot, but not whose it is.
carry-not-plenary = Do not put it into the plenary conversation: then the whole assembly learns your choice.
carry-show = Show the ballot
carry-ballot = The sealed ballot
carry-after = What you copied stays in the clipboard until you copy something else, and in your messages to the colleague until they are deleted. If the box takes the ballot after all, it is not counted twice.
carry-over = The ballot no longer waits: the box has taken it, or the vote is closed. Nothing needs to be handed over.
forward-open = Carry a colleague's ballot
forward-what = If the box refuses somebody's ballot, post it in the journal: there it is taken and counted. You can neither read nor change a sealed ballot.
forward-learns = Everybody sees that you posted a ballot, but not whose. You know whose it is and, after the count, can learn that person's choice: tell nobody, and delete what was sent to you.
forward-ballot = The colleague's ballot
forward-hint = Paste the whole line. It belongs to this motion only.
forward-mangled = This is no ballot, or not all of it: there are only digits and the letters a to f in it. Ask for the whole line again.
forward-over = The vote is not open any more, and the journal takes no ballots. Nothing more can be done.
forward-not-allowed = Only somebody else's ballot is carried like this. Give yours to a colleague: under your signature in the journal it would name you.
forward-do = Post in the journal
forward-done = The ballot is posted: it lies in the vault and goes to the journal as soon as there is a connection. Tell your colleague.

## Result

result-no-quorum = The motion is rejected: there was no quorum.
rule-adopted-simple = The motion is adopted: the quorum was there, and more are for than against.
rule-adopted-absolute = The motion is adopted: the quorum was there, and more than half of the deputies entitled to vote are for.
rule-adopted-two-thirds = The motion is adopted: the quorum was there, and at least two thirds of the votes for and against are for.
rule-adopted-three-quarters = The motion is adopted: the quorum was there, and at least three quarters of the votes for and against are for.
rule-adopted-consensus = The motion is adopted: the quorum was there, and nobody is against.
rule-rejected-simple = The motion is rejected: the quorum was there, but no more are for than against.
rule-rejected-absolute = The motion is rejected: the quorum was there, but no more than half of the deputies entitled to vote are for.
rule-rejected-two-thirds = The motion is rejected: the quorum was there, but less than two thirds of the votes for and against are for.
rule-rejected-three-quarters = The motion is rejected: the quorum was there, but less than three quarters of the votes for and against are for.
rule-rejected-consensus = The motion is rejected: the quorum was there, but there is no consensus.
outcome-elected = The assembly chose
outcome-none = No choice was made
options-no-quorum = There was no quorum, so nobody is elected.
options-no-votes = The quorum was there, but no option has a vote.
options-none = The quorum was there, but nobody has won.
elected-one-of-many = The quorum was there, and this option has the most votes.
elected-up-to-k = { $count ->
    [one] The quorum was there, and this option has the most marks.
   *[other] The quorum was there, and these options have the most marks.
}
elected-schulze = The quorum was there, and one against one this option beat every other.
elected-schulze-circle = The quorum was there. One against one this option did not beat every other, but with the strength of all comparisons nobody is above it.
elected-transferable = The quorum was there, and the votes went on in the order of the ballots.
option-elected = chosen
option-tied = equal
result-tied = { $count ->
    [one] Equal: { $options }. By the charter the seat stays empty then.
   *[other] Equal: { $options }. By the charter { $count } seats stay empty then.
}
result-drawn = Where votes were equal, an order fixed by the opening of the vote decided; it is the same for everybody who counts.
result-abstained = { $count } abstained.
classes = Overall order
pairs = Compared in pairs
pairs-hint = In a cell: how many ballots put the option of the row above the option of the column. Highlighted where the row wins.
pairs-row = Option
pairs-same = the same option
stages = How the count went
stages-quota = { $count ->
    [one] { $count } vote is enough to be elected. What is too much goes on to the next on the ballots in parts, so votes have fractions.
   *[other] { $count } votes are enough to be elected. What is too much goes on to the next on the ballots in parts, so votes have fractions.
}
stage-what = What happened
stage-lost = Goes to nobody
stage-first = First places on the ballots.
stage-surplus = Surplus of { $option } is transferred.
stage-excluded = { $option } is excluded; the votes go on to the next.
stage-elected = { $count ->
    [one] Elected: { $options }.
   *[other] Elected: { $options }.
}
result-turnout = { $cast } of { $electorate } cast; the quorum is { $quorum }.
result-cast = Cast: { $cast }.
result-spoilt = { $count ->
    [one] { $count } ballot is spoilt.
   *[other] { $count } ballots are spoilt.
}
devices-agree-all = { $count ->
    [0] No other device has confirmed yet; this one counted for itself.
    [one] { $count } device checked the count and agrees with this result.
   *[other] All { $count } devices that checked agree with this result.
}
devices-agree-some = { $count ->
    [one] { $count } device agrees with this result.
   *[other] { $count } devices agree with this result.
}
devices-disagree = { $count ->
    [one] { $count } device got another result. Do not rely on this one: export the audit file and compare.
   *[other] { $count } devices got another result. Do not rely on this one: export the audit file and compare.
}
result-unanimous = Everybody voted alike, so this vote has no secret: the result shows the vote of each who took part.
result-unanimous-first = Everybody put the same option first: the result shows whom each who took part put first.
own-vote-burnt = Your ballot is counted in and burnt: nothing on this device shows your choice any more.
own-vote-checking = The ballot is cast; this device is looking for it in the box.
own-vote-missed = The box did not take your ballot before the close. It is counted only if another member carried it through the journal.
roll-call-table = By name
proof = Proof
proof-hint-secret = These lines are the same for everybody who counted. The whole proof is in the audit file: anybody can check it, offline, trusting nobody.
proof-hint-roll-call = These lines are the same for everybody who counted. The whole proof is in the audit file.
proof-opening = Opening
proof-roll-root = Root of the roll
proof-box-checkpoint = Checkpoint of the box
proof-cosignatures = Cosignatures
proof-shares = Shares
proof-refused = Ballots refused
proof-repeated = Repeated link tags
proof-journal = Journal entries
proof-finding = Finding
proof-hash = Hash of the result

## Members

seats = Seats
admissions = Admissions and invitations
admissions-note = Who asks in, whom to invite
admissions-none-title = Nobody is waiting
admissions-none = Invite a person by a link. Their request will appear here, and the assembly decides.
admission-requested = asks to be admitted by your invitation
admission-proposed = proposed to the assembly
admission-waiting = enough endorsements; time for objections
admission-admitted = being let in
admission-refused = turned down
admission-lookalike = The name looks like a member's: { $who }. Make sure that it is the person you vouch for.
endorsed = Endorsements: { $count } of { $needed }.
endorsed-by-you = You have endorsed.
endorse = Endorse
endorse-first = Endorse and propose
object = Object
objected = Objections: { $who }.
founding-goes-on = { $count ->
    [one] Founding: up to { $count } seat, one endorsement is enough.
   *[other] Founding: up to { $count } seats, one endorsement is enough.
}
endorsements-needed = { $count ->
    [one] An admission needs { $count } endorsement.
   *[other] An admission needs { $count } endorsements.
}
invite = Invite
invite-title = Invite a person
invite-do = Make a link
invitation-valid = Valid for
invitation-carrier = Send along the way to the relay: { $address }
invitation-made = The link is valid until { $time }. It is for one person and one use.
invitation-care = Hand it over in person or through a channel that both of you trust. Whoever intercepts it can ask in instead, but does not get in without endorsement.
role-deputy = deputy
role-expert = expert
role-observer = observer
role-expert-short = expert
role-deputy-long = A deputy speaks, proposes and votes.
role-expert-long = An expert speaks and does not vote.
role-observer-long = An observer reads.
trustee = trustee
trustee-long = A trustee: the seat's share helps to open the ballot box after the close. It does not help to learn who voted what.
member-own = { $name } (you)
member-since = Member since
seat-state = State of the seat
seat-state-active = active
seat-state-detained = member detained
seat-state-removed = member removed
seat-state-left = member left
devices = Devices
ballot-keys = Unused ballot keys
ballot-keys-hint = Each secret vote takes one key; the supply is renewed by itself while Veche runs.
detain = Member detained…
detain-title = { $name }: member detained?
detain-means = The seat will be cut off from conversations and votes, so that a device in the wrong hands can read and sign nothing. The seat stays theirs and is given back when they can return.
detain-signers = { $count ->
    [one] It takes effect with { $count } deputy's signature; yours will be one of them.
   *[other] It takes effect with { $count } deputies' signatures; yours will be one of them.
}
detain-do = Sign
detain-signed = Your signature has been sent.

## Audit

journal = Journal
journal-note = { $count ->
    [one] { $count } entry
   *[other] { $count } entries
}
journal-hint = The journal is the assembly: charter, seats, motions and results follow from it on every device alike. The relay keeps it and cannot change it unnoticed: witnesses, the deputies' devices, cosign what they saw.
journal-folded = Entries read
journal-witnessed = Of them cosigned by witnesses
cosignatures = Cosignatures
cosignatures-of = { $count }; the witnesses' quorum is { $quorum }
sealing-keys = Sealing keys ready
sealing-keys-none = The trustees are still preparing a key. You may propose; the voting opens when the key is ready.
outbox = Waiting to be sent
assembly-id-hint = The id may be published: auditors compare it with the one in the audit file.
witnessed-all = { $entries ->
    [one] Witnesses have cosigned the whole journal: { $entries } entry.
   *[other] Witnesses have cosigned the whole journal: { $entries } entries.
}
witnessed-behind = Entries cosigned by witnesses: { $entries }. Not yet: { $behind }; this usually takes minutes.
evidence = Evidence
evidence-note = { $count ->
    [one] { $count } piece of evidence against the relay
   *[other] { $count } pieces of evidence against the relay
}
evidence-note-none = No lie was noticed
evidence-none-title = No lie was noticed
evidence-none = This device checks each entry against the checkpoints, and every message carries what its author saw. If the relay lies, the proof appears here.
evidence-banner = { $count ->
    [one] The relay was caught in a lie. The proof is kept.
   *[other] The relay was caught in a lie. { $count } proofs are kept.
}
evidence-banner-told = Other members say that the relay lies. This device has no proof of it.
evidence-look = Look
evidence-noticed = Noticed { $time }
evidence-by = Seat { $seat } says so. This device has seen nothing that proves or disproves it.
evidence-fork = The relay showed different records to different people
evidence-dropped-receipt = The relay gave a receipt and the entry is not there
evidence-times-decrease = The times of entries go backwards
evidence-shrunk = The relay shows less than it had shown
evidence-wrong-root = Entries do not match the signed checkpoint
evidence-do = What you wrote is safe. Show the evidence to other members and consider another relay.
export = Export audit file
export-title = Audit file
export-note = Export and hand to auditors
export-lead = One file with all that is needed to count each vote again, offline, trusting nobody. It does not show who voted what in secret.
export-level = For whom
export-public = Everybody
export-members = Members
export-public-hint = Seat numbers instead of names.
export-members-hint = Members' names are open. Keep this file inside the assembly.
export-path = Where to
export-path-hint = There must be no file of this name yet.
export-do = Write the file
exporting = Writing the audit file
exported = Written: { $path } ({ $size }).
exported-verify = Check it with

## Settings

settings-look = Appearance and keys
settings-look-note = Language, colours, text size
settings-notices = Notices
settings-notices-note = While the window is out of sight
notices = Tell me through the system
notices-hint = While the window is out of sight, the system shows that something is new: a message, a mention, a motion or a deadline. There are neither names nor words in it.
notices-muted = It says nothing of conversations that are muted. The system itself may write down when notices came.
settings-connection = Connection
settings-connection-note = Relay, SOCKS5, Tor
settings-assembly = Assembly
settings-assembly-note = Declaration, charter
settings-devices = Devices
settings-devices-note = What else you have at hand
settings-vault = Vault
settings-vault-note = Where it lies, how to lock it
settings-limits = What Veche cannot do
settings-limits-note = Said plainly
keys = Keys
keys-commands = all commands
keys-sections = sections in order
keys-size = text size
keys-lock = lock the vault
keys-send = send the message
keys-line = new line
keys-edit = change your last message, while the field is empty
keys-style = bold, italic, code, struck out
keys-search = search this conversation, everywhere
relay-hint = The relay keeps and passes sealed entries. It cannot read them; it sees times, sizes and, without Tor, network addresses.
vault-what = The vault holds everything: keys, conversations, motions, what has not been sent. While it is locked, nobody reads it without the passphrase.
vault-place = Where it lies
vault-limits = What is burnt is gone even for somebody who learns the passphrase. An earlier copy of the disk, a file system snapshot or flash wear-levelling may keep old data.
limits-lead = What Veche does not do, and what nobody can promise.
limit-coercion = Coercion
limit-coercion-text = Whoever stands beside you while you vote, or got your key before, learns your vote. Veche cannot prevent it.
limit-device = Somebody else's program on the device
limit-device-text = A compromised device sees the choice at voting time and can change it.
limit-small = Small votes
limit-small-text = Five people who vote alike have no secret. Veche warns when few vote or all agree.
limit-relay = The relay
limit-relay-text = It can refuse service. It sees times, padded sizes and, without Tor, network addresses. It cannot read, change or drop an entry unnoticed.
limit-quantum = Quantum computers
limit-quantum-text = One will not open what is recorded today, nor learn secret votes. One that exists during a vote could forge ballots.
limit-disk = The disk
limit-disk-text = What is burnt cannot be read from the disk even with the passphrase. An earlier copy of the disk defeats this.
limit-people = People
limit-people-text = Veche does not know who really holds a seat. The sponsors vouch for that.
version = Veche { $version }

## Devices

devices-first = On this device, your first one, secret votes are cast. Your other devices are added and removed here, too. No other can take its place: if it is lost, your seat has to be detained and given back, so choose a safe one.
devices-further = Secret votes are cast on your first device; devices are added and removed there, too. Everything else can be done here.
devices-seen = Members of the assembly see how many devices you have. Only the first one sees what they are called.
devices-room = { $count ->
    [one] { $count } more device can be added.
   *[other] { $count } more devices can be added.
}
devices-full = { $most ->
    [one] You have { $most } device already, and no more fit. To add another, remove one first.
   *[other] You have { $most } devices already, and no more fit. To add another, remove one first.
}
device-first-name = First device
device-unnamed = Device { $key }
device-this = this device
device-first = first
device-since = since { $time }
device-add = Add a device
device-link-title = Link for a new device
device-link-how = On the new device install Veche, create a vault and choose “Another device of mine”. Take this link there: copy it, or read the code with that device's camera.
device-link-care = The link is a secret: show it to nobody, and send it through nobody's hands. Whoever intercepts it can come in place of your device; the code that you will type tells them apart.
device-link = Device link
device-link-qr = The same link, for a camera to read
device-link-left = The link is for one device. Time left: { $span }.
device-link-waits = Waiting for the new device
device-link-cancel = Cancel the link
device-link-over = The hour is over, and nobody came by the link. It works no more.
device-link-again = Make another link
device-waiting = A device has come: { $name }
device-compare = Type the code that the new device shows. If it shows none, do not let this one in: somebody else came by the link.
device-code = Code from the new device
device-history = Give it what was said before, too
device-history-hint = If this device is taken and opened, earlier conversations are read on it, too. Without this it has only what is said from now on.
device-code-hint = Ten digits. We check them; they are not shown here, so that nobody agrees without looking.
device-exchange = The devices are working out a code
device-admit = Let it in
device-refuse = Do not let it in
device-admitted = Being let in. The journal and the conversations follow by themselves.
device-came = You have a new device: { $name }, { $time }. It reads everything that you do. If it is not yours, remove it on your first device.
device-came-gone = You had a new device: { $name }, { $time }. It has been removed since. If it was not yours, find out who had your first device.
device-came-look = Look at the devices
device-came-mine = It is mine
device-banner = A device has come by your link: { $name }.
device-banner-look = Type the code
device-leaving-waits = Being removed: waits to be sent. Until then it reads on.
device-leaving-recorded = Being removed: the assembly has it.
device-leaving-conversations = { $count ->
    [one] Being removed: still in { $count } conversation.
   *[other] Being removed: still in { $count } conversations.
}
device-leaving-journal = Being removed: the journal is still to move on.
device-give-up = Give up
device-gives-way = The devices are getting in touch
device-gives-way-hint = Keep the first device on, with the page “Devices” open. Once both are in touch, a code appears here.
device-revoke-open = Remove: { $name }
device-revoke-title = Remove the device “{ $name }”?
device-revoke-means = Once the assembly has it and the conversations have moved to new logs, it learns nothing new: no conversations, no motions, no votes. The list shows how far that is; until it is done, keep Veche running and the network on.
device-revoke-remains = What is on it stays on it: that cannot be erased from here.
device-revoke-do = Remove
device-leave-open = Remove this device…
device-leave-title = Remove this device from the assembly?
device-leave-means = Nothing new comes here from then on: no conversations, no motions, no votes. You stay a member, and on your other devices everything is as before.
device-leave-remains = What was read stays in this vault. The device comes back only by a new link from the first one.

## Refusals

refusal-details = Details for a specialist
refusal-bad-request = Something is filled in wrongly or too long. Nothing was sent: correct it and try again.
refusal-no-assembly = This vault belongs to no assembly yet. Join by an invitation or found one.
refusal-already-in-assembly = This vault belongs to an assembly already, and nothing has changed. For another assembly create another vault.
refusal-not-a-member = You are not admitted yet, or no longer a member, so nothing was done. Wait for the admission or ask who invited you.
refusal-not-allowed = Your role or the charter does not allow it; nothing was sent. Ask a deputy who may.
refusal-unknown = That is no longer there: the list has changed. Go back to the list and look again.
refusal-wrong-phase = The motion is in another phase already, and nothing was done. Its page shows where it stands now.
refusal-already-done = That is done already. No need to do it again.
refusal-invitation-mangled = The invitation cannot be read: the link is incomplete or mangled. Ask for the whole of it again.
refusal-invitation-expired = The invitation has expired. Ask who invited you for a new one.
refusal-invitation-used = The invitation has been used, and it works once. If it was not you, warn who invited you: it may have been intercepted. Ask for a new one.
refusal-link-for-device = This is a link for one more device of a member, not an invitation. Choose “Another device of mine” and paste it there.
refusal-link-for-member = This is an invitation for a new member, not a link for a device. Choose the invitation and paste it there.
refusal-not-first-device = That can be done on your first device only. Nothing has changed here: open Veche there.
refusal-wrong-code = This is not the code of the device that came by the link. Nobody was let in. Look at the digits again; if you typed them right, somebody else came: do not let it in.
refusal-bad-relay-address = The relay's address cannot be read, or what answers there is not that relay. Copy the whole line, from veche-relay:// to the port number; if that does not help, ask who runs the relay.
refusal-relay-unreachable = The relay cannot be reached, and the founding needs it. Check the address and the way to it and try again; what you wrote is still on the screen.
refusal-not-ready = The journal is still being read; this passes by itself. Try again in a minute.
refusal-cannot-write = Nothing can be written there: no such place, no permission, or the file exists. Choose another path.
refusal-cannot-read = This file cannot be read: it is not there, there is no permission, or it is damaged. Check the path; nothing was sent.
refusal-too-large = The file is too large: more than 64 MB, or a picture of more than 50 megapixels. Make it smaller or divide it, and attach it again.
refusal-store-failed = The vault could not be written: most likely the disk is full. The last action was not done, everything before is safe. Make room on the disk and try again.
refusal-no-vault = There is no vault here. Check whether this is the right folder, or create a new one.
refusal-vault-exists = There is a vault here already; it was not touched. Open it with your passphrase.
refusal-wrong-passphrase = This passphrase does not open the vault. Check the keyboard layout and capital letters and try again.
refusal-vault-damaged = The vault is damaged and cannot be opened. Change nothing in it: make a copy of its folder and restore it from a backup of the disk. Without a backup, ask for a new invitation.
refusal-vault-in-use = The vault is open already: in another Veche window or by the program veche. Close that and try again.
refusal-locked = The vault is locked. Open it with the passphrase and do it again.
refusal-internal = Something happened that should not. What is in the vault is safe; start Veche again. If it happens again, give the details to the developers.
refused-edit = Only your own words can be changed, within a day and 16 times at most. Nothing is lost: what you wrote is still in the field, send it as a new message.
refused-gone = This message is not there any more: it was taken back, or it has disappeared. What you wrote is safe; send a new message if need be.
refused-not-own = Only your own messages can be taken back. Ask the author to take it back.
refused-answer = The message that you answer is not there any more. What you wrote is still in the field: remove the answer above it and send again.
refused-reaction = A message takes 4 reactions of yours, and 32 different ones in all. Take one of yours back and try again.
refused-emoji = A reaction is one visible character. Write a single one and try again.
refused-unsent = The message has not left this device yet. Try again once the relay has taken it.
refused-timer = Deputies set the time after which messages disappear, and nothing was changed. Ask a deputy to do it.
refused-search = One to sixteen words can be looked for. Shorten the search and try again.
refused-group = Only deputies bring members into a working group, rename it or ask members to leave, and nothing was changed. Ask a deputy in the group to do it.
refused-files = No more than ten files go at once. Send these, and attach the others afterwards.
refused-picture = This picture cannot be shown: it is not written in a way we read. Save it and open it with another program if you trust its author.
refused-save = It cannot be saved there: a file of this name exists, there is no such folder, or no permission. Change the path.
refused-transfer = There is nothing to stop any more: the file has arrived, or was stopped. Nothing needs to be done.
refused-unfetched = The file is not fetched as a whole yet, so there is nothing to save. Fetch it and save again.
refused-safety = There is no number yet: this device does not know the member's keys. Wait for the connection and open the page again.
refused-seat = That seat or member is not there any more, and nothing was changed. Close the window and look at the list again.
refused-device-mangled = The device link cannot be read: it is incomplete or mangled. Copy the whole of it again from your first device.
refused-device-expired = The hour for which this link was given is over. Make another on your first device.
refused-device-used = Another device has come by this link already. If it is not yours, do not let it in. Make another link on your first device.

# The plenary, founded anew
anew = Founding anew
anew-hint = If nobody can read the plenary any more, deputies can move it to a new conversation together. It is the last way; a single device that has lost its way comes back by itself.
anew-open = Found the plenary anew…
anew-title = Found the plenary anew?
anew-means = The plenary goes on in a new conversation, with everybody whom the assembly admits. The old one ends: nobody writes in it any more.
anew-remains = What was read stays and can be searched. What was written and not sent yet is sent to the new one.
anew-signers = { $count ->
    [one] It is in force once { $count } deputy has signed.
   *[other] It is in force once { $count } deputies have signed within a week.
}
anew-sign = Sign
anew-sign-open = Sign…
anew-signed = You have signed.
anew-proposed = { $name } proposes to found the plenary anew. Signed: { $signed } of { $needed }. The signatures count until { $until }.
anew-done = Founded anew { $time }. Signed by { $names }.
anew-coming = { $name }'s first device brings everybody in as soon as it is online
anew-banner = { $name } proposes to found the plenary anew.
anew-banner-look = Read and sign
