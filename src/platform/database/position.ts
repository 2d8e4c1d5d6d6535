/** Positions in the history of a lane, and their text `<seq>-<epoch>`. */

/** A position in a lane's history: right after the change with the number `seq`. */
export interface LanePosition {
  /** The epoch to which the number belongs. Null if the lane does not exist. */
  readonly epoch: string | null;
  readonly seq: number;
}

/** Replaces the missing epoch of a lane that does not exist. */
const noEpoch = '00000000-0000-0000-0000-000000000000';

/** The epoch as text. */
export function epochText({ epoch }: Pick<LanePosition, 'epoch'>): string {
  return epoch ?? noEpoch;
}

/** The text of a position: the id of an event, and the header `Tasklane-Seq`. */
export function positionText(position: LanePosition): string {
  return `${position.seq}-${epochText(position)}`;
}

/** The position in a text. The text must match the contract's pattern. */
export function parsePosition(text: string): LanePosition {
  const dash = text.indexOf('-');
  const epoch = text.slice(dash + 1);
  return { seq: Number(text.slice(0, dash)), epoch: epoch === noEpoch ? null : epoch };
}
