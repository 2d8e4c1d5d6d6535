/** Carries short texts between the processes of the service. Texts can be lost, so they are only hints. */
export interface Channel {
  /**
   * Sends a text to the other processes.
   * @returns false if no other process listens
   * @throws if the text could not be sent in time
   */
  send(text: string): Promise<boolean>;
  /** Whether texts of other processes arrive now, as far as this process knows. */
  isUp(): boolean;
  /** Checks the connection, because a text seems to be lost. */
  check?(): void;
  close(): void;
}

/** Who gets the texts of a channel. */
export interface ChannelListener {
  /** Called with each text of another process, and perhaps with the own ones. */
  received(text: string): void;
  /** Called when the channel works, also after an interruption. Texts that were sent before may be lost. */
  opened(): void;
}

/** Opens a channel in the background. It opens again by itself after an interruption. */
export type OpenChannel = (listener: ChannelListener) => Channel;
