'use client';
import { type FormEvent, useState } from 'react';
import { authClient } from '@/lib/auth-client';
import { Button } from '@/ui/button';
import styles from './sign-in.module.css';

const texts = {
  'sign-in': { title: 'Sign in', other: 'sign-up', ask: 'New here?', link: 'Create an account' },
  'sign-up': { title: 'Create an account', other: 'sign-in', ask: 'You have an account?', link: 'Sign in' },
};

/** The page on which a user signs in, or creates an account. */
export function SignIn({ kind }: { kind: 'sign-in' | 'sign-up' }) {
  const { title, other, ask, link } = texts[kind];
  const [problem, setProblem] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [email, password, name] = ['email', 'password', 'name'].map((each) => String(form.get(each) ?? ''));
    setBusy(true);
    const { error } =
      kind === 'sign-in'
        ? await authClient.signIn.email({ email: email!, password: password! })
        : await authClient.signUp.email({ email: email!, password: password!, name: name! });
    if (error) {
      setBusy(false);
      setProblem(error.message ?? 'The server cannot be reached. Try again.');
      return;
    }
    // The whole page is loaded, so that nothing of a former user stays in memory.
    location.assign(
      new URLSearchParams(location.search).get('to')?.replace(/^(?!\/(?!\/)).*$/, '/today') ?? '/today',
    );
  }

  return (
    <main className={styles.page}>
      <form className={styles.form} onSubmit={submit}>
        <p className={styles.brand}>Tasklane</p>
        <h1>{title}</h1>
        {kind === 'sign-up' && (
          <label className={styles.field}>
            Name
            <input name="name" autoComplete="name" required />
          </label>
        )}
        <label className={styles.field}>
          E-mail
          <input name="email" type="email" autoComplete="email" required />
        </label>
        <label className={styles.field}>
          Password
          <input
            name="password"
            type="password"
            autoComplete={kind === 'sign-in' ? 'current-password' : 'new-password'}
            minLength={8}
            required
          />
        </label>
        <p className={styles.problem} role="alert">
          {problem}
        </p>
        <Button type="submit" look="primary" disabled={isBusy}>
          {title}
        </Button>
        <p className={styles.other}>
          {ask} <a href={`/${other}`}>{link}</a>
        </p>
      </form>
    </main>
  );
}
