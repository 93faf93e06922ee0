/** Where the window is shown. */
export interface Stage {
  /** The window whose messages are heard. */
  source(): Window | null;
  go(url: string): void;
  /** Whether the person has closed it. */
  closed(): boolean;
  close(): void;
}
