/** Brings dist of a project up to date. @returns the paths of the sources that were compiled */
export function build(project?: string): Promise<string[]>;
