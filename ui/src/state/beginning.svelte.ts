// Whether a new conversation is being begun.

class Beginning {
  open = $state(false);
}

export const beginning = new Beginning();
