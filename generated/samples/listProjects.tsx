import { useProjects } from '@tasklane/sdk/react';

export function ListProjects() {
  const projects = useProjects();
  return <ul>{projects?.map((project) => <li key={project.id}>{project.name}</li>)}</ul>;
}
