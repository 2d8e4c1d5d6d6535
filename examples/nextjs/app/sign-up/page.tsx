import { SignIn } from '@/features/account/sign-in';

export default function Page() {
  return <SignIn kind="sign-up" />;
}
